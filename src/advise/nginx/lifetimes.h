// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "advise/nginx/served.h"
#include "advise/nginx/server_advisor.h"

namespace trimtab::advise::nginx {

// Say how long clients may keep scripts, styles, fonts and pictures, when at least kUnchangedMin requests and
// kUnchangedShareMin of all only asked whether a copy is still good (status 304), at least half of these for
// files whose answer says nothing of a lifetime (RFC 9111, 4.2). For people: only they know whether names
// change with contents. Pure. `samples`: answers to the first of served.unchanged.
std::optional<Recommendation> advise_lifetimes(const Served& served, std::span<const Sample> samples,
                                               const AdvisedServer& where);

inline constexpr double kUnchangedMin = 100;
inline constexpr double kUnchangedShareMin = 0.1;
inline constexpr double kUnsaidShareMin = 0.5;

// "nginx.lifetimes".
std::unique_ptr<Advisor> create_lifetimes_advisor(Target target);

}  // namespace trimtab::advise::nginx
