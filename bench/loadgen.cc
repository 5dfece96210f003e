// SPDX-License-Identifier: Apache-2.0
// Remote-write load for any server: blocking keep-alive connections, one thread each, bodies built
// once and patched in place (timestamps and values), snappy per request. Every series gets strictly
// rising timestamps: a request block belongs to one connection. Prints one JSON line.
//
//   loadgen --port P --path /api/v1/write --series 100000 --per-request 10000 --seconds 10
//           --connections 4 --start-ms T --step-ms 15000 [--passes N] [--kind counter|gauge|mixed]
//           [--samples-per-series 1] [--shape requests|fleet]
//
// A pass sends every series once, with --samples-per-series samples. Shape "fleet" is what bench/promql.py
// asks about; its blocks are whole pods of 20 series, so --per-request is a multiple of 20.
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
  std::int64_t passes = -1;  // stop after so many requests per series; -1: by time only
  std::string kind = "mixed";
  std::string shape = "requests";
  std::size_t samples_per_series = 1;  // in one request
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

constexpr std::uint32_t kOne = 5;
constexpr std::uint32_t kBucket = 6;
constexpr std::uint32_t kFirstBucket = 7;

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
      case 1:
        value = std::round((value + (draw % 200 - 99.5) / 100.0) * 100) / 100;
        break;                                        // 2-decimal gauge
      case 2: value = (draw % 4096) * 4096.0; break;  // memory in pages
      case 3:
        if (draw % 16 == 0) value += 1;  // mostly constant
        break;
      case kOne: value = 1; break;  // information in labels
      case kBucket:
      case kFirstBucket: value += draw % 8; break;            // observations of this bucket alone
      default: value = value * 0.99 + draw / 65536.0; break;  // 17 digits
    }
    return value;
  }
};

// The mixed load, of 20 series: 8 counters, 4 gauges of two decimals, 3 of memory pages, 4 that mostly
// stand still and 1 of 17 digits.
constexpr std::array<std::uint32_t, 20> kMix{0, 1, 3, 0, 2, 0, 1, 0, 3, 4, 0, 2, 1, 0, 3, 0, 2, 1, 0, 3};

using LabelPairs = std::vector<std::pair<std::string_view, std::string>>;

struct SeriesShape {
  LabelPairs labels;
  std::uint32_t kind = 0;
};

SeriesShape requests_series(const Options& options, std::size_t s) {
  SeriesShape shape;
  shape.labels = {{"__name__", fmt::format("http_server_requests_{}_total", s % 100)},
                  {"cluster", "eu-central-production"},
                  {"instance", fmt::format("10.{}.{}.{}:9100", s / 65536 % 256, s / 256 % 256, s % 256)},
                  {"job", "application-servers"},
                  {"method", s % 3 == 0 ? "GET" : "POST"},
                  {"pod", fmt::format("checkout-service-7d9f8b6c5-{:06}", s / 20)},
                  {"status", s % 7 == 0 ? "500" : "200"}};
  shape.kind = options.kind == "counter" ? 0 : options.kind == "gauge" ? 1 : kMix[s % kMix.size()];
  return shape;
}

// A pod: 8 request counters, a histogram of 8 buckets, 3 gauges and its information series.
SeriesShape fleet_series(std::size_t s) {
  constexpr std::array<const char*, 8> kBounds{"+Inf", "0.005", "0.025", "0.1", "0.25", "0.5", "1", "2.5"};
  constexpr std::array<const char*, 4> kStatus{"200", "404", "500", "503"};
  const std::size_t pod = s / 20;
  const std::size_t member = s % 20;
  SeriesShape shape;
  // Sorted by name: "__name__", "cluster", "instance", "job", [...], "pod", "rack", [...].
  shape.labels = {{"__name__", ""},
                  {"cluster", fmt::format("cluster-{}", pod % 4)},
                  {"instance", fmt::format("10.{}.{}.{}:9100", pod / 65536, pod / 256 % 256, pod % 256)},
                  {"job", fmt::format("service-{}", pod % 25)}};
  const auto place = [&] {
    shape.labels.emplace_back("pod", fmt::format("pod-{:05}", pod));
    shape.labels.emplace_back("rack", fmt::format("{}", pod / 100));
  };
  std::string& name = shape.labels.front().second;
  if (member < 8) {
    name = "http_requests_total";
    shape.labels.emplace_back("method", member % 2 == 0 ? "GET" : "POST");
    place();
    shape.labels.emplace_back("status", kStatus[member / 2]);
  } else if (member < 16) {
    // In order of the bounds, the infinite one last, for each bucket counts the ones before it.
    const std::size_t bucket = member - 8;
    name = "request_duration_seconds_bucket";
    shape.labels.emplace_back("le", kBounds[(bucket + 1) % kBounds.size()]);
    place();
    shape.kind = bucket == 0 ? kFirstBucket : kBucket;
  } else if (member < 19) {
    name = member == 16 ? "memory_bytes" : member == 17 ? "queue_seconds" : "cpu_ratio";
    place();
    shape.kind = member == 16 ? 2 : member == 17 ? 1 : 4;
  } else {
    name = "pod_info";
    place();
    shape.labels.emplace_back("version", fmt::format("1.{}", pod % 7));
    shape.kind = kOne;
  }
  return shape;
}

// A pre-built request body and where its samples stand.
struct Block {
  std::string body;
  // 8 little-endian bytes; then a tag byte and the 6-byte timestamp. All samples of a series, then the next.
  std::vector<std::size_t> value_at;
  std::vector<Walk> walks;  // one a series
  std::int64_t next_ms = 0;
};

Block build_block(const Options& options, std::size_t first, std::size_t count) {
  Block block;
  block.next_ms = options.start_ms;
  std::string sample;
  sample.push_back(1 << 3 | 1);
  constexpr std::size_t kValueOffset = 1;
  sample.append(8, '\0');
  sample.push_back(2 << 3);
  sample.append(6, '\0');
  std::string samples;
  for (std::size_t i = 0; i < options.samples_per_series; ++i) put_bytes(samples, 2, sample);
  const std::size_t stride = samples.size() / options.samples_per_series;
  for (std::size_t s = first; s < first + count; ++s) {
    const SeriesShape shape = options.shape == "fleet" ? fleet_series(s) : requests_series(options, s);
    std::string series;
    for (const auto& [name, value] : shape.labels) {
      std::string pair;
      put_bytes(pair, 1, name);
      put_bytes(pair, 2, value);
      put_bytes(series, 1, pair);
    }
    series += samples;
    put_bytes(block.body, 1, series);
    const std::size_t samples_at = block.body.size() - samples.size();
    for (std::size_t i = 0; i < options.samples_per_series; ++i) {
      block.value_at.push_back(samples_at + i * stride + stride - sample.size() + kValueOffset);
    }
    block.walks.push_back(
        {static_cast<double>(s % 1000), shape.kind, static_cast<std::uint32_t>(s * 2654435761u + 1)});
  }
  return block;
}

void patch(Block& block, std::size_t samples_per_series, std::int64_t step_ms) {
  for (std::size_t j = 0; j < samples_per_series; ++j) {
    char stamp[6];
    auto t = static_cast<std::uint64_t>(block.next_ms);
    for (int i = 0; i < 6; ++i, t >>= 7) stamp[i] = static_cast<char>((t & 0x7f) | (i < 5 ? 0x80 : 0));
    double bucket = 0;
    for (std::size_t s = 0; s < block.walks.size(); ++s) {
      char* at = block.body.data() + block.value_at[s * samples_per_series + j];
      double value = block.walks[s].next();
      if (block.walks[s].kind == kFirstBucket) bucket = value;
      if (block.walks[s].kind == kBucket) value = bucket += value;
      std::memcpy(at, &value, 8);
      std::memcpy(at + 9, stamp, 6);
    }
    block.next_ms += step_ms;
  }
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
      patch(block, options.samples_per_series, options.step_ms);
      snappy::Compress(block.body.data(), block.body.size(), &packed);
      const std::string head = fmt::format(
          "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/x-protobuf\r\n"
          "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: "
          "{}\r\n\r\n",
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
    if (given.contains(name))
      out = static_cast<std::remove_reference_t<decltype(out)>>(std::stod(given[name]));
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
  number("--samples-per-series", o.samples_per_series);
  if (given.contains("--shape")) o.shape = given["--shape"];
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
             totals.samples.load(), totals.requests.load(), totals.failures.load(),
             totals.last_failure.load(), seconds);
  return totals.failures == 0 ? 0 : 1;
}
