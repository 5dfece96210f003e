// SPDX-License-Identifier: Apache-2.0
// Remote-write load for any server: blocking keep-alive connections, one thread each, bodies built
// once and patched in place (timestamps and values), snappy per request. Every series gets strictly
// rising timestamps: a request block belongs to one connection. Prints one JSON line.
//
//   loadgen --port P --path /api/v1/write --series 100000 --per-request 10000 --seconds 10
//           --connections 4 --start-ms T --step-ms 15000 [--passes N] [--kind counter|gauge|mixed]
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <snappy.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Options {
  int port = 0;
  std::string path = "/api/v1/write";
  std::size_t series = 100'000;
  std::size_t per_request = 10'000;
  double seconds = 10;
  std::size_t connections = 4;
  std::int64_t start_ms = 0;
  std::int64_t step_ms = 15'000;
  std::int64_t passes = -1;  // stop after so many samples per series; -1: by time only
  std::string kind = "mixed";
};

void put_varint(std::string& out, std::uint64_t n) {
  while (n >= 0x80) {
    out.push_back(static_cast<char>(n | 0x80));
    n >>= 7;
  }
  out.push_back(static_cast<char>(n));
}

void put_bytes(std::string& out, int field, std::string_view bytes) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}

// The state of one series' values: cheap, and shaped like real telemetry.
struct Walk {
  double value = 0;
  std::uint32_t kind = 0;
  std::uint32_t random = 1;
  double next() {
    random = random * 1664525u + 1013904223u;
    const std::uint32_t draw = random >> 16;
    switch (kind) {
      case 0: value += draw % 100; break;  // counter of events
      case 1: value = std::round((value + (draw % 200 - 99.5) / 100.0) * 100) / 100; break;  // 2-decimal gauge
      case 2: value = (draw % 4096) * 4096.0; break;  // memory in pages
      case 3:
        if (draw % 16 == 0) value += 1;  // mostly constant
        break;
      default: value = value * 0.99 + draw / 65536.0; break;  // 17 digits
    }
    return value;
  }
};

// The mixed load, of 20 series: 8 counters, 4 gauges of two decimals, 3 of memory pages, 4 that mostly
// stand still and 1 of 17 digits.
constexpr std::array<std::uint32_t, 20> kMix{0, 1, 3, 0, 2, 0, 1, 0, 3, 4, 0, 2, 1, 0, 3, 0, 2, 1, 0, 3};

// A pre-built request body and where its samples stand.
struct Block {
  std::string body;
  std::vector<std::size_t> value_at;  // 8 little-endian bytes; then a tag byte and the 6-byte timestamp
  std::vector<Walk> walks;
  std::int64_t next_ms = 0;
};

Block build_block(const Options& options, std::size_t first, std::size_t count) {
  Block block;
  block.next_ms = options.start_ms;
  for (std::size_t s = first; s < first + count; ++s) {
    std::string series;
    const auto label = [&series](std::string_view name, std::string_view value) {
      std::string pair;
      put_bytes(pair, 1, name);
      put_bytes(pair, 2, value);
      put_bytes(series, 1, pair);
    };
    label("__name__", fmt::format("http_server_requests_{}_total", s % 100));
    label("cluster", "eu-central-production");
    label("instance", fmt::format("10.{}.{}.{}:9100", s / 65536 % 256, s / 256 % 256, s % 256));
    label("job", "application-servers");
    label("method", s % 3 == 0 ? "GET" : "POST");
    label("pod", fmt::format("checkout-service-7d9f8b6c5-{:06}", s / 20));
    label("status", s % 7 == 0 ? "500" : "200");
    std::string sample;
    sample.push_back(1 << 3 | 1);
    const std::size_t value_offset = sample.size();
    sample.append(8, '\0');
    sample.push_back(2 << 3);
    sample.append(6, '\0');
    put_bytes(series, 2, sample);
    put_bytes(block.body, 1, series);
    block.value_at.push_back(block.body.size() - sample.size() + value_offset);
    const std::uint32_t kind =
        options.kind == "counter" ? 0 : options.kind == "gauge" ? 1 : kMix[s % kMix.size()];
    block.walks.push_back(
        {static_cast<double>(s % 1000), kind, static_cast<std::uint32_t>(s * 2654435761u + 1)});
  }
  return block;
}

void patch(Block& block, std::int64_t step_ms) {
  char stamp[6];
  auto t = static_cast<std::uint64_t>(block.next_ms);
  for (int i = 0; i < 6; ++i, t >>= 7) stamp[i] = static_cast<char>((t & 0x7f) | (i < 5 ? 0x80 : 0));
  for (std::size_t i = 0; i < block.value_at.size(); ++i) {
    char* at = block.body.data() + block.value_at[i];
    const double value = block.walks[i].next();
    std::memcpy(at, &value, 8);
    std::memcpy(at + 9, stamp, 6);
  }
  block.next_ms += step_ms;
}

class Connection {
 public:
  explicit Connection(int port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ok_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The status code, or 0 when the connection failed.
  int post(const std::string& head, const std::string& body) {
    if (!ok_ || !send_all(head) || !send_all(body)) return 0;
    std::string answer;
    std::size_t end = std::string::npos;
    while ((end = answer.find("\r\n\r\n")) == std::string::npos) {
      if (!receive(answer)) return 0;
    }
    std::size_t length = 0;
    if (const auto at = answer.find("ontent-Length: "); at != std::string::npos && at < end) {
      length = std::strtoul(answer.c_str() + at + 15, nullptr, 10);
    }
    while (answer.size() < end + 4 + length) {
      if (!receive(answer)) return 0;
    }
    return std::atoi(answer.c_str() + 9);
  }

 private:
  bool receive(std::string& into) {
    char buffer[8192];
    const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n > 0) into.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }
  bool send_all(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return true;
  }
  int fd_ = -1;
  bool ok_ = false;
};

struct Totals {
  std::atomic<std::uint64_t> samples{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<int> last_failure{0};
};

using TimePoint = std::chrono::steady_clock::time_point;

void run_connection(const Options& options, std::vector<Block> blocks, TimePoint end, Totals& totals) {
  auto connection = std::make_unique<Connection>(options.port);
  std::string packed;
  for (std::int64_t pass = 0; options.passes < 0 || pass < options.passes; ++pass) {
    for (Block& block : blocks) {
      if (options.passes < 0 && std::chrono::steady_clock::now() >= end) return;
      patch(block, options.step_ms);
      snappy::Compress(block.body.data(), block.body.size(), &packed);
      const std::string head = fmt::format(
          "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/x-protobuf\r\n"
          "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: {}\r\n\r\n",
          options.path, options.port, packed.size());
      const int status = connection->post(head, packed);
      if (status / 100 == 2) {
        totals.samples += block.value_at.size();
        ++totals.requests;
        continue;
      }
      totals.last_failure = status;
      if (++totals.failures > 1000) return;
      if (status == 0) connection = std::make_unique<Connection>(options.port);
    }
  }
}

Options parse(int argc, char** argv) {
  Options o;
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  const auto number = [&given](const char* name, auto& out) {
    if (given.contains(name)) out = static_cast<std::remove_reference_t<decltype(out)>>(std::stod(given[name]));
  };
  number("--port", o.port);
  number("--series", o.series);
  number("--per-request", o.per_request);
  number("--seconds", o.seconds);
  number("--connections", o.connections);
  number("--start-ms", o.start_ms);
  number("--step-ms", o.step_ms);
  number("--passes", o.passes);
  if (given.contains("--path")) o.path = given["--path"];
  if (given.contains("--kind")) o.kind = given["--kind"];
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  std::vector<std::vector<Block>> blocks(options.connections);
  std::size_t turn = 0;
  for (std::size_t first = 0; first < options.series; first += options.per_request) {
    const std::size_t count = std::min(options.per_request, options.series - first);
    blocks[turn++ % options.connections].push_back(build_block(options, first, count));
  }
  Totals totals;
  const TimePoint begin = std::chrono::steady_clock::now();
  const std::chrono::duration<double> wanted(options.seconds);
  const TimePoint end = begin + std::chrono::duration_cast<TimePoint::duration>(wanted);
  {
    std::vector<std::jthread> threads;
    for (auto& own : blocks) {
      threads.emplace_back([&options, &totals, end, own = std::move(own)]() mutable {
        run_connection(options, std::move(own), end, totals);
      });
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print("{{\"samples\":{},\"requests\":{},\"failures\":{},\"last_failure\":{},\"seconds\":{:.3f}}}\n",
             totals.samples.load(), totals.requests.load(), totals.failures.load(), totals.last_failure.load(),
             seconds);
  return totals.failures == 0 ? 0 : 1;
}
