// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "act/door/door.h"

namespace trimtab::act {

namespace {

void check_program(const Door& door, const std::string& path, std::vector<std::string>& out) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) {
    out.push_back(fmt::format("door {}: {}: {}", door.name, path, strerror(errno)));
  } else if (!S_ISREG(info.st_mode) || access(path.c_str(), X_OK) != 0) {
    out.push_back(fmt::format("door {}: {} is not a program that we may run", door.name, path));
  } else if ((info.st_mode & S_IWOTH) != 0) {
    out.push_back(fmt::format("door {}: {} may be changed by everyone; chmod o-w it", door.name, path));
  }
}

void check_secret(const Door& door, const std::string& path, std::vector<std::string>& out) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) {
    out.push_back(fmt::format("door {}: {}: {}", door.name, path, strerror(errno)));
  } else if (!S_ISREG(info.st_mode) || access(path.c_str(), R_OK) != 0) {
    out.push_back(fmt::format("door {}: {} is not a file that we may read", door.name, path));
  } else if ((info.st_mode & S_IRWXO) != 0) {
    out.push_back(
        fmt::format("door {}: {} may be read or changed by everyone; chmod o= it", door.name, path));
  }
}

}  // namespace

std::vector<std::string> check_doors(const std::vector<Door>& doors) {
  std::vector<std::string> out;
  for (const Door& door : doors) {
    std::vector<const DoorStep*> steps{&door.read, &door.apply, &door.undo};
    if (door.check) steps.push_back(&*door.check);
    std::set<std::string> programs;
    for (const DoorStep* step : steps) {
      if (const auto* command = std::get_if<DoorCommand>(step)) programs.insert(command->run[0].text());
    }
    for (const std::string& program : programs) check_program(door, program, out);
    std::set<std::string> secrets{door.auth.bearer_token_file, door.auth.basic_password_file};
    for (const auto& [name, file] : door.secrets) secrets.insert(file);
    secrets.erase("");
    for (const std::string& file : secrets) check_secret(door, file, out);
  }
  return out;
}

}  // namespace trimtab::act
