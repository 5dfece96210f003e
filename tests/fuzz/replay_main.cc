// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without libFuzzer: every file of the corpus folders given, then a bounded,
// seeded number of mutations of each (bit flips, cuts, splices, repeated spans). Part of `make test`;
// the long coverage-guided runs are `make fuzz`.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

void run(const Bytes& bytes) { LLVMFuzzerTestOneInput(bytes.data(), bytes.size()); }

Bytes mutate(const Bytes& seed, const Bytes& other, std::mt19937_64& random) {
  Bytes out = seed;
  const int edits = 1 + static_cast<int>(random() % 8);
  for (int i = 0; i < edits; ++i) {
    if (out.empty()) out.push_back(static_cast<std::uint8_t>(random()));
    const std::size_t at = random() % out.size();
    switch (random() % 6) {
      case 0: out[at] ^= static_cast<std::uint8_t>(1u << (random() % 8)); break;
      case 1: out[at] = static_cast<std::uint8_t>(random()); break;
      case 2: out.resize(at); break;
      case 3: out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random())); break;
      case 4: {
        const std::size_t length = std::min<std::size_t>(out.size() - at, 1 + random() % 16);
        const Bytes span(out.begin() + static_cast<std::ptrdiff_t>(at), out.begin() + static_cast<std::ptrdiff_t>(at + length));
        out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), span.begin(), span.end());
        break;
      }
      default:
        if (!other.empty()) {
          const std::size_t from = random() % other.size();
          out.resize(at);
          out.insert(out.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
        }
    }
    if (out.size() > (1u << 20)) out.resize(1u << 20);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Bytes> corpus{Bytes{}};
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) continue;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  const char* wanted = std::getenv("TRIMTAB_FUZZ_RUNS");
  const std::size_t runs = wanted ? std::strtoul(wanted, nullptr, 10) : 20000;
  for (const Bytes& seed : corpus) run(seed);
  std::mt19937_64 random(20261121);
  for (std::size_t i = 0; i < runs; ++i) {
    run(mutate(corpus[random() % corpus.size()], corpus[random() % corpus.size()], random));
  }
  std::printf("%zu corpus files, %zu mutations, no finding\n", files.size(), runs);
  return 0;
}
