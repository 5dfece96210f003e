// SPDX-License-Identifier: Apache-2.0
#include "ingest/receiver.h"
namespace trimtab {
Result<ReceiveOutcome> Receiver::otlp_metrics(std::string_view, std::string_view, std::string_view) {
  return fail(ErrorCode::kUnsupported, "soon");
}
}  // namespace trimtab
