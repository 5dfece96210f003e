// SPDX-License-Identifier: Apache-2.0
// On a folder that looks like a cgroup tree: tests may not own a real one.
#include "act/linux/cgroup_executor.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ledger/ledger_testlib.h"

namespace trimtab::act {
namespace {

class CgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(scratch_.file("root/a.slice/db.service"));
    put("memory.high", "max");
    put("memory.max", "1073741824");
    put("memory.current", "500000000");
    put("cpu.max", "max 100000");
    std::ofstream(scratch_.file("memory.high")) << "outside\n";
    std::filesystem::create_symlink(scratch_.file(""), scratch_.file("root/link"));
  }
  std::string path(const std::string& name) { return scratch_.file("root/a.slice/db.service/" + name); }
  void put(const std::string& name, const std::string& value) { std::ofstream(path(name)) << value << "\n"; }
  std::string bytes(const std::string& name) {
    std::ifstream in(path(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static Action action(const std::string& property, const std::string& value,
                       const std::string& group = "a.slice/db.service") {
    return {
        "linux.cgroup", "linux/host", {{"group", group}, {"property", property}, {"value", value}}, "", ""};
  }

  ScratchFolder scratch_;
  std::unique_ptr<Executor> executor_ = create_cgroup_writer([this](const std::string& target) {
    return target == "linux/host" ? Result<std::string>(scratch_.file("root"))
                                  : fail(ErrorCode::kDenied, "changes are not allowed");
  });
};

TEST_F(CgroupTest, property_is_set_and_restored_byte_for_byte) {
  for (const auto& [property, value] : {std::pair("memory.high", "805306368"), {"cpu.max", "50000 100000"}}) {
    const std::string before = bytes(property);
    const Action one = action(property, value);
    ASSERT_TRUE(executor_->check(one));
    const std::string state = executor_->capture(one).value();
    EXPECT_FALSE(executor_->is_applied(one, state).value());
    ASSERT_TRUE(executor_->apply(one, state));
    EXPECT_TRUE(executor_->is_applied(one, state).value());
    EXPECT_FALSE(executor_->is_undone(one, state).value());
    ASSERT_TRUE(executor_->undo(one, state));
    EXPECT_TRUE(executor_->is_undone(one, state).value());
    EXPECT_EQ(bytes(property), before);
  }
}

TEST_F(CgroupTest, memory_is_in_whole_pages_as_the_kernel_keeps_it) {
  const Action one = action("memory.high", "805306369");
  ASSERT_TRUE(executor_->apply(one, "max"));
  EXPECT_EQ(bytes("memory.high"), "805306368\n");
  EXPECT_TRUE(executor_->is_applied(one, "max").value());
}

TEST_F(CgroupTest, limit_below_what_is_used_is_refused) {
  EXPECT_EQ(executor_->check(action("memory.max", "400000000")).error().code(), ErrorCode::kConflict);
  EXPECT_TRUE(executor_->check(action("memory.max", "600000000")));
}

TEST_F(CgroupTest, paths_and_words_out_of_bounds_are_refused) {
  const Action bad[] = {action("memory.high", "1", ".."),     action("memory.high", "1", "a.slice/../.."),
                        action("memory.high", "1", "/etc"),   action("memory.high", "1", ""),
                        action("cgroup.procs", "1"),          action("../memory.high", "1"),
                        action("memory.high", "1; rm -rf /"), action("memory.high", "")};
  for (const Action& one : bad) {
    EXPECT_EQ(executor_->check(one).error().code(), ErrorCode::kInvalid) << one.parameters.at("group");
  }
  EXPECT_FALSE(executor_->apply(action("memory.high", "1", "link"), ""));
  EXPECT_EQ(executor_->check(action("memory.high", "1", "gone.slice")).error().code(), ErrorCode::kNotFound);
  Action elsewhere = action("memory.high", "1");
  elsewhere.target = "linux/other";
  EXPECT_EQ(executor_->check(elsewhere).error().code(), ErrorCode::kDenied);
}

TEST_F(CgroupTest, obstacles_are_told_before_anything_is_tried) {
  EXPECT_NE(cgroup_obstacle(scratch_.file("root")).find("no control groups of version 2"), std::string::npos);
  std::ofstream(scratch_.file("root/cgroup.controllers")) << "cpu memory\n";
  EXPECT_EQ(cgroup_obstacle(scratch_.file("root")), "");
  std::filesystem::remove_all(scratch_.file("root/a.slice"));
  EXPECT_NE(cgroup_obstacle(scratch_.file("root")).find("can be written"), std::string::npos);
}

TEST_F(CgroupTest, group_that_is_gone_needs_no_undo) {
  const Action one = action("memory.high", "805306368");
  ASSERT_TRUE(executor_->apply(one, "max"));
  std::filesystem::remove_all(scratch_.file("root/a.slice"));
  EXPECT_TRUE(executor_->is_undone(one, "max").value());
  EXPECT_EQ(executor_->is_applied(one, "max").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace trimtab::act
