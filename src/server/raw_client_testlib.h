// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trimtab {

// A blocking TCP client that sends whatever bytes a test wants, right or wrong.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool send(std::string_view bytes);  // false: the server has closed
  void finish_sending();              // half-close
  void close();

  struct Answer {
    int status = 0;  // 0: closed without an answer
    std::string head;
    std::string body;  // chunks joined
    std::string header(std::string_view name) const;
  };
  // One answer; of a HEAD request there is no body.
  Answer read_answer(bool head_request = false);
  // Everything until the server closes.
  std::string read_all();

 private:
  bool fill();
  std::string take(std::size_t bytes);
  std::string take_line();

  int socket_ = -1;
  std::string buffer_;
};

// Sends one request on its own connection.
RawClient::Answer ask(std::uint16_t port, std::string_view method, std::string_view target,
                      std::string_view body = {}, std::string_view more_headers = {});

}  // namespace trimtab
