// SPDX-License-Identifier: Apache-2.0
#include "act/door/step_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <fstream>

namespace trimtab::act {

namespace {

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

Result<std::string> read_secret(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(StepRunner::kSecretBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
  text = without_line_end(std::move(text));
  if (text.empty() || text.size() > StepRunner::kSecretBytesMax || text.contains('\0')) {
    return invalid(fmt::format("{}: expected a readable file with a secret of at most {} bytes", path,
                               StepRunner::kSecretBytesMax));
  }
  return text;
}

// The end of what a program said, on one line, without secrets.
std::string told(const ProcessResult& result, const std::vector<std::string>& secrets) {
  std::string text = without_line_end(result.errors.empty() ? result.output : result.errors);
  for (const std::string& secret : secrets) {
    constexpr std::string_view kBlot = "***";
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kBlot.size())) {
      text.replace(at, secret.size(), kBlot);
    }
  }
  if (text.size() > StepRunner::kToldBytesMax)
    text = "..." + text.substr(text.size() - StepRunner::kToldBytesMax);
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  if (!simdjson::validate_utf8(text)) text = "(not text)";
  return text;
}

Result<std::string> value_at(const std::string& body, const std::string& pointer, const std::string& who) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  simdjson::dom::element found;
  if (parser.parse(simdjson::padded_string(body)).get(document) != simdjson::SUCCESS) {
    return invalid(fmt::format("{}: the answer is not JSON", who));
  }
  if (document.at_pointer(pointer).get(found) != simdjson::SUCCESS) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: the answer holds no {}", who, pointer));
  }
  std::string_view text;
  if (found.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::to_string(found);
}

ErrorCode code_of_status(int status) {
  if (status == 408 || status == 429 || status >= 500) return ErrorCode::kUnavailable;
  if (status == 401 || status == 403) return ErrorCode::kDenied;
  return status == 404 ? ErrorCode::kNotFound : ErrorCode::kInvalid;
}

bool accepted(const DoorRequest& request, int status) {
  if (request.accept.empty()) return status >= 200 && status <= 299;
  return std::ranges::find(request.accept, status) != request.accept.end();
}

// "." and ".." would be taken out of the path together with what stands before them.
Status check_path(const std::string& url) {
  const std::size_t scheme = url.find("://");
  std::string_view rest = std::string_view(url).substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, slash);
    if (segment == "." || segment == "..") return invalid("the path of the URL would hold \".\" or \"..\"");
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return ok();
}

Result<HttpRequest> fill_request(const DoorRequest& request, const DoorValues& values) {
  HttpRequest out;
  out.method = request.method;
  out.url = TRY(request.url.fill(values));
  TRY(check_path(out.url));
  for (const auto& [name, value] : request.headers) {
    out.headers.emplace_back(name, TRY(value.fill(values)));
  }
  out.body = TRY(request.body.fill(values));
  return out;
}

// Ansible evaluates templates inside values of --extra-vars, and a template can run any program.
Status check_for_ansible(const DoorCommand& command, const DoorValues& values) {
  if (!command.run[0].text().ends_with("/ansible-playbook")) return ok();
  for (const auto& [name, value] : values) {
    if (value.contains("{{") || value.contains("{%") || value.contains("{#")) {
      return invalid(
          fmt::format("{}: the value holds a template, which ansible-playbook would evaluate", name));
    }
  }
  return ok();
}

Result<ProcessOptions> fill_command(const DoorCommand& command, const DoorValues& values) {
  TRY(check_for_ansible(command, values));
  ProcessOptions out;
  for (const Template& word : command.run) out.command.push_back(TRY(word.fill(values)));
  out.input = TRY(command.input.fill(values));
  return out;
}

// As a person would type it; for reading only.
std::string shown(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:=,+@%").contains(c);
  });
  return plain ? word : fmt::format("'{}'", word);
}

}  // namespace

Status StepRunner::run(const DoorStep& step, const DoorValues& values, int descriptor) {
  if (const auto* command = std::get_if<DoorCommand>(&step)) {
    TRY(run_command(*command, values, descriptor));
  } else {
    TRY(send(std::get<DoorRequest>(step), values));
  }
  return ok();
}

Result<std::string> StepRunner::ask(const DoorStep& step, const DoorValues& values) {
  std::string who;
  std::string answer;
  bool cut = false;
  if (const auto* command = std::get_if<DoorCommand>(&step)) {
    const ProcessResult result = TRY(run_command(*command, values, -1));
    who = command->run[0].text();
    answer = result.output;
    cut = result.output_cut;
  } else {
    const DoorRequest& request = std::get<DoorRequest>(step);
    const HttpResponse response = TRY(send(request, values));
    who = redact_url(request.url.text());
    answer = request.value.empty() ? response.body : TRY(value_at(response.body, request.value, who));
  }
  if (cut || answer.size() > Door::kAnswerBytesMax) {
    return fail(ErrorCode::kLimit,
                fmt::format("{}: the answer has more than {} bytes", who, Door::kAnswerBytesMax));
  }
  return without_line_end(std::move(answer));
}

Result<ProcessResult> StepRunner::run_command(const DoorCommand& command, const DoorValues& values,
                                              int descriptor) {
  ProcessOptions options = TRY(fill_command(command, values));
  options.environment = {kPath, "LANG=C.UTF-8"};
  for (const std::string& one : door_.environment) {
    const std::string name = one.substr(0, one.find('=') + 1);
    std::erase_if(options.environment, [&](const std::string& usual) { return usual.starts_with(name); });
    options.environment.push_back(one);
  }
  std::vector<std::string> secrets;
  for (const auto& [name, file] : door_.secrets) {
    secrets.push_back(TRY(read_secret(file)));
    options.environment.push_back(name + "=" + secrets.back());
  }
  options.timeout_ms = door_.timeout_ms;
  options.output_bytes_max = Door::kAnswerBytesMax;
  options.errors_apart = true;
  options.descriptor = descriptor;
  options.cancelled = &cancelled_;
  ProcessResult result = TRY(run_process(options));
  if (result.exit_code == 0) return result;
  const std::string said = told(result, secrets);
  return fail(result.exit_code == kTryAgain ? ErrorCode::kUnavailable : ErrorCode::kInvalid,
              fmt::format("{} ended with exit code {}{}{}", options.command[0], result.exit_code,
                          said.empty() ? "" : ": ", said));
}

Result<HttpResponse> StepRunner::send(const DoorRequest& request, const DoorValues& values) {
  HttpRequest out = TRY(fill_request(request, values));
  out.timeout_ms = door_.timeout_ms;
  out.response_bytes_max = kResponseBytesMax;
  out.follow_redirects = false;
  out.cancelled = &cancelled_;
  HttpResponse response = TRY(http_.send(out));
  if (!accepted(request, response.status)) {
    const std::string wanted =
        request.accept.empty() ? "200 to 299" : fmt::format("{}", fmt::join(request.accept, ", "));
    return fail(code_of_status(response.status), fmt::format("{} {}: HTTP status {}, expected {}", out.method,
                                                             redact_url(out.url), response.status, wanted));
  }
  return response;
}

Result<std::string> words_of(const DoorStep& step, const DoorValues& values) {
  if (const auto* command = std::get_if<DoorCommand>(&step)) {
    const ProcessOptions options = TRY(fill_command(*command, values));
    std::vector<std::string> words;
    for (const std::string& word : options.command) words.push_back(shown(word));
    return fmt::format("{}{}", fmt::join(words, " "), options.input.empty() ? "" : " < (input)");
  }
  const HttpRequest request = TRY(fill_request(std::get<DoorRequest>(step), values));
  return fmt::format("{} {}{}{}", request.method, redact_url(request.url), request.body.empty() ? "" : " ",
                     request.body);
}

}  // namespace trimtab::act
