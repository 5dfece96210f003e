// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <re2/re2.h>
#include <array>
#include <map>
#include <string>

#include "ingest/host/host_source.h"
#include "ingest/host/proc_file.h"

namespace trimtab {
namespace {

// node_exporter's default selection of /proc/net/{netstat,snmp,snmp6}.
constexpr const char* kNetstatFields =
    "(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|"
    "TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|"
    "Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|"
    "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))";
constexpr std::size_t kNetstatNamesMax = 4096;

constexpr std::array<std::string_view, 16> kDeviceFields{
    "node_network_receive_bytes_total",      "node_network_receive_packets_total",
    "node_network_receive_errs_total",       "node_network_receive_drop_total",
    "node_network_receive_fifo_total",       "node_network_receive_frame_total",
    "node_network_receive_compressed_total", "node_network_receive_multicast_total",
    "node_network_transmit_bytes_total",     "node_network_transmit_packets_total",
    "node_network_transmit_errs_total",      "node_network_transmit_drop_total",
    "node_network_transmit_fifo_total",      "node_network_transmit_colls_total",
    "node_network_transmit_carrier_total",   "node_network_transmit_compressed_total"};

class NetworkSource final : public HostSource {
 public:
  explicit NetworkSource(const HostRoots& roots)
      : devices_(roots.proc + "/net/dev"),
        netstat_(roots.proc + "/net/netstat"),
        snmp_(roots.proc + "/net/snmp"),
        snmp6_(roots.proc + "/net/snmp6"),
        sockstat_(roots.proc + "/net/sockstat"),
        sockstat6_(roots.proc + "/net/sockstat6"),
        sys_class_net_(roots.sys + "/class/net/"),
        fields_(kNetstatFields) {}

  void collect(SeriesSink& sink) override {
    collect_devices(sink);
    collect_netstat(sink, netstat_);
    collect_netstat(sink, snmp_);
    collect_snmp6(sink);
    collect_sockstat(sink, sockstat_);
    collect_sockstat(sink, sockstat6_);
  }

 private:
  void collect_devices(SeriesSink& sink) {
    std::string_view text = devices_.read();
    std::string_view line;
    std::size_t devices = 0;
    while (next_line(text, line)) {
      const std::size_t colon = line.rfind(':');
      if (colon == std::string_view::npos) continue;  // the two lines of headings
      std::string_view before = line.substr(0, colon);
      const std::string_view device = next_word(before);
      if (device.empty() || ++devices > kDevicesMax) continue;
      line.remove_prefix(colon + 1);
      for (const std::string_view name : kDeviceFields) {
        const std::string_view word = next_word(line);
        if (!word.empty()) sink.counter(name, to_number(word), {{"device", device}});
      }
      collect_class(sink, device);
    }
  }

  void collect_class(SeriesSink& sink, std::string_view device) {
    const auto read = [&](const char* name) {
      path_ = sys_class_net_;
      path_ += device;
      path_ += name;
      return read_at(-1, path_.c_str(), buffer_);  // an absolute path needs no folder
    };
    if (const std::string_view state = read("/operstate"); !state.empty()) {
      sink.gauge("node_network_up", state.starts_with("up") ? 1 : 0, {{"device", device}});
    }
    if (const std::string_view mtu = read("/mtu"); !mtu.empty()) {
      sink.gauge("node_network_mtu_bytes", to_number(mtu), {{"device", device}});
    }
    if (const std::string_view speed = read("/speed"); !speed.empty() && to_number(speed) > 0) {
      sink.gauge("node_network_speed_bytes", to_number(speed) * 1e6 / 8,
                 {{"device", device}});  // file: Mbit/s
    }
  }

  // The metric's name when the field is wanted, else "". Each name is matched once and remembered.
  const std::string& wanted_name(std::string_view protocol, std::string_view field) {
    key_.assign(protocol);
    key_ += '_';
    key_ += field;
    const auto it = names_.find(key_);
    if (it != names_.end()) return it->second;
    static const std::string none;
    if (names_.size() >= kNetstatNamesMax) return none;
    return names_[key_] = re2::RE2::FullMatch(key_, fields_) ? "node_netstat_" + key_ : std::string();
  }

  // Two lines per protocol: "Tcp: names..." and "Tcp: values...".
  void collect_netstat(SeriesSink& sink, ProcFile& file) {
    std::string_view text = file.read();
    std::string_view names;
    std::string_view values;
    while (next_line(text, names) && next_line(text, values)) {
      const std::string_view protocol = next_word(names);
      if (protocol != next_word(values) || !protocol.ends_with(':')) return;
      for (;;) {
        const std::string_view field = next_word(names);
        const std::string_view value = next_word(values);
        if (field.empty() || value.empty()) break;
        const std::string& name = wanted_name(protocol.substr(0, protocol.size() - 1), field);
        if (!name.empty()) sink.untyped(name, to_number(value));
      }
    }
  }

  // "Ip6InOctets   123".
  void collect_snmp6(SeriesSink& sink) {
    std::string_view text = snmp6_.read();
    std::string_view line;
    while (next_line(text, line)) {
      const std::string_view key = next_word(line);
      const std::size_t six = key.find('6');
      if (six == std::string_view::npos) continue;
      const std::string& name = wanted_name(key.substr(0, six + 1), key.substr(six + 1));
      if (!name.empty()) sink.untyped(name, to_number(next_word(line)));
    }
  }

  // "TCP: inuse 5 orphan 0 tw 2 alloc 9 mem 3".
  void collect_sockstat(SeriesSink& sink, ProcFile& file) {
    std::string_view text = file.read();
    std::string_view line;
    while (next_line(text, line)) {
      const std::string_view protocol = next_word(line);
      if (!protocol.ends_with(':')) continue;
      for (;;) {
        const std::string_view field = next_word(line);
        const std::string_view value = next_word(line);
        if (value.empty()) break;
        key_ = "node_sockstat_";
        key_ += protocol.substr(0, protocol.size() - 1);
        key_ += '_';
        key_ += field;
        sink.gauge(key_, to_number(value));
        if (field != "mem") continue;
        key_ += "_bytes";
        sink.gauge(key_, to_number(value) * page_bytes_);
      }
    }
  }

  ProcFile devices_, netstat_, snmp_, snmp6_, sockstat_, sockstat6_;
  const std::string sys_class_net_;
  const re2::RE2 fields_;
  const double page_bytes_ = static_cast<double>(::sysconf(_SC_PAGESIZE));
  std::map<std::string, std::string, std::less<>> names_;
  std::string key_, path_, buffer_;
};

}  // namespace

std::unique_ptr<HostSource> create_network_source(const HostRoots& roots) {
  return std::make_unique<NetworkSource>(roots);
}

}  // namespace trimtab
