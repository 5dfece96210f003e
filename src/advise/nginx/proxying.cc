// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/proxying.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace trimtab::advise::nginx {

namespace {

void collect(const Directive& block, std::vector<const Directive*>& blocks, std::vector<ProxyPlace>& out) {
  blocks.push_back(&block);
  for (const Directive& one : block.inside) {
    if (one.name() == "upstream") continue;  // nothing is passed on in there
    if (one.is_block) {
      collect(one, blocks, out);
    } else if (one.name() == "proxy_pass" && one.words.size() == 2) {
      out.push_back({&one, blocks});
    }
  }
  blocks.pop_back();
}

bool is_connection_header(const Directive& one) {
  if (one.name() != "proxy_set_header" || one.words.size() != 3) return false;
  std::string name = one.words[1];
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name == "connection";
}

// What one proxy_pass lacks, and where that belongs.
class PlaceReader {
 public:
  PlaceReader(const Configuration& configuration, const ProxyPlace& place)
      : configuration_(configuration), place_(place) {
    version();
    header();
  }
  bool keeps = true;    // connections, where the upstream block does
  bool is_ours = true;  // nothing is set otherwise on purpose
  std::map<std::pair<std::size_t, std::size_t>, std::string> added;  // by file and byte

 private:
  // Inside "if" neither may stand.
  bool is_location() const { return place_.blocks.back()->name() == "location"; }

  void add_behind(const Directive& one, std::string_view text) {
    const ConfigFile& file = configuration_.files[one.file];
    added[{one.file, one.end}] += new_line_like(file, one.begin) + std::string(text);
  }

  void version() {
    const Directive* block = block_in_force(place_, "proxy_http_version");
    if (block != nullptr) {
      const Directive* set = find(block->inside, "proxy_http_version");
      if (set->words.size() == 2 && set->words[1] == "1.1") return;
      is_ours = keeps = false;
      return;
    }
    keeps = false;
    if (is_location()) {
      add_behind(*place_.pass, "proxy_http_version 1.1;");
    } else {
      is_ours = false;
    }
  }

  void header() {
    const Directive* block = block_in_force(place_, "proxy_set_header");
    const Directive* last = nullptr;
    if (block != nullptr) {
      for (const Directive& one : block->inside) {
        if (one.name() == "proxy_set_header") last = &one;
        if (!is_connection_header(one)) continue;
        if (!one.words[2].empty()) is_ours = keeps = false;
        return;
      }
    }
    keeps = false;
    if (block != nullptr && block != place_.blocks.back()) {
      add_behind(*last, "proxy_set_header Connection \"\";");
    } else if (is_location()) {
      add_behind(*place_.pass, "proxy_set_header Connection \"\";");
    } else {
      is_ours = false;
    }
  }

  const Configuration& configuration_;
  const ProxyPlace& place_;
};

}  // namespace

std::vector<ProxyPlace> proxy_places(const Configuration& configuration) {
  std::vector<ProxyPlace> out;
  std::vector<const Directive*> blocks;
  const Directive* http = find(configuration.directives, "http");
  if (http != nullptr && http->is_block) collect(*http, blocks, out);
  return out;
}

std::string_view passed_to(const Directive& pass) {
  const std::string_view url = pass.words[1];
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos || url.contains('$')) return {};
  const std::string_view rest = url.substr(scheme + 3);
  return rest.starts_with("unix:") ? rest : rest.substr(0, rest.find('/'));
}

const Directive* find_upstream(const Configuration& configuration, std::string_view name) {
  const Directive* http = find(configuration.directives, "http");
  if (http == nullptr) return nullptr;
  const auto found = std::ranges::find_if(http->inside, [&](const Directive& one) {
    return one.is_block && one.name() == "upstream" && one.words.size() == 2 && one.words[1] == name;
  });
  return found == http->inside.end() ? nullptr : &*found;
}

const Directive* block_in_force(const ProxyPlace& place, std::string_view name) {
  const auto found = std::ranges::find_if(place.blocks.rbegin(), place.blocks.rend(), [&](const auto* block) {
    return find(block->inside, name) != nullptr;
  });
  return found == place.blocks.rend() ? nullptr : *found;
}

KeepAlivePlan keepalive_plan(const Configuration& configuration, int connections) {
  KeepAlivePlan out;
  std::set<std::string, std::less<>> upstreams, direct;
  std::map<std::pair<std::size_t, std::size_t>, std::string> added;
  bool is_ours = true;
  const std::vector<ProxyPlace> places = proxy_places(configuration);
  for (const ProxyPlace& place : places) {
    const std::string name(passed_to(*place.pass));
    if (name.empty()) continue;
    const Directive* upstream = find_upstream(configuration, name);
    if (upstream == nullptr) {
      direct.insert(name);
      continue;
    }
    const PlaceReader reader(configuration, place);
    const bool keeps = find(upstream->inside, "keepalive") != nullptr;
    if (keeps && reader.keeps) continue;
    upstreams.insert(name);
    is_ours = is_ours && reader.is_ours && !upstream->inside.empty();
    if (!is_ours) continue;
    // The same text at the same place again, for another location, stays one.
    for (const auto& [at, text] : reader.added) added[at] = text;
    if (keeps) continue;
    // Behind the last: `keepalive` must follow the method of balancing.
    const Directive& last = upstream->inside.back();
    added[{last.file, last.end}] =
        new_line_like(configuration.files[last.file], last.begin) + fmt::format("keepalive {};", connections);
  }
  out.upstreams.assign(upstreams.begin(), upstreams.end());
  out.direct.assign(direct.begin(), direct.end());
  if (!is_ours || added.empty()) return out;
  const std::size_t file = added.begin()->first.first;
  if (added.rbegin()->first.first != file) return out;
  std::vector<Splice> splices;
  for (auto& [at, text] : added) splices.push_back({at.second, at.second, std::move(text)});
  out.edit = edit_of_all(configuration.files[file], std::move(splices));
  return out;
}

}  // namespace trimtab::advise::nginx
