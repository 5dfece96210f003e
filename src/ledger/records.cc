// SPDX-License-Identifier: Apache-2.0
#include "ledger/records.h"

#include "ledger/change.h"
#include "ledger/recommendation.h"

namespace trimtab {

Finding::Finding() = default;
Finding::Finding(const Finding&) = default;
Finding::Finding(Finding&&) noexcept = default;
Finding& Finding::operator=(const Finding&) = default;
Finding& Finding::operator=(Finding&&) noexcept = default;
Finding::~Finding() = default;

Recommendation::Recommendation() = default;
Recommendation::Recommendation(const Recommendation&) = default;
Recommendation::Recommendation(Recommendation&&) noexcept = default;
Recommendation& Recommendation::operator=(const Recommendation&) = default;
Recommendation& Recommendation::operator=(Recommendation&&) noexcept = default;
Recommendation::~Recommendation() = default;

Change::Change() = default;
Change::Change(const Change&) = default;
Change::Change(Change&&) noexcept = default;
Change& Change::operator=(const Change&) = default;
Change& Change::operator=(Change&&) noexcept = default;
Change::~Change() = default;

}  // namespace trimtab
