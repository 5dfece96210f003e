// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace trimtab {

// What kind of failure it is, as far as a caller may need to decide what to do next.
enum class ErrorCode {
  kInvalid,      // the input is wrong; the same input will fail again (HTTP 400)
  kUnsupported,  // a media type, encoding or version of it that we do not take (415)
  kNotFound,     // nothing by that name (404)
  kConflict,     // exists already, or another owner holds it (409)
  kLimit,        // a named bound was reached (422 for reads, 429/400 for writes)
  kDenied,       // not authenticated or not allowed (401/403)
  kUnavailable,  // not now: full disk, shutting down, peer away; retry may help (503)
  kTimeout,      // took longer than allowed (504)
  kCancelled,    // the caller went away (499)
  kCorrupt,      // stored bytes are not what was written (500)
  kVersion,      // written by an unknown version; left untouched (500)
  kIo,           // the operating system or a library refused (500)
  kInternal,     // a bug of ours that was caught at an edge (500)
};

// Lower-case word for logs and JSON: "invalid", "not_found", ...
std::string_view to_string(ErrorCode code);

// A failure that is expected to happen in a correct program: I/O, input, peers, limits.
// The message says what was tried, on what, what was found and what is allowed.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure seen from one step further out: "reading trimtab.yaml: line 3: ...".
  Error within(std::string_view context) const {
    return Error(code_, std::string(context) + ": " + message_);
  }

 private:
  ErrorCode code_;
  std::string message_;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(Error(code, std::move(message)));
}
inline std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}
inline Status ok() { return {}; }

namespace detail {
inline std::unexpected<Error> error_of(Error error) {
  return std::unexpected<Error>(std::move(error));
}
}  // namespace detail

// TRY(expr): the value of a Result, or return its error from the enclosing function. Use it only as
// the whole initialiser of a local or as a whole statement (an early return from inside a braced
// initialiser leaks the members already built, seen with gcc 12).
#define TRY(expression)                                                                 \
  __extension__({                                                                       \
    auto trimtab_try_result = (expression);                                             \
    if (!trimtab_try_result) {                                                          \
      return ::trimtab::detail::error_of(std::move(trimtab_try_result).error());        \
    }                                                                                   \
    std::move(trimtab_try_result).value();                                              \
  })

}  // namespace trimtab
