// SPDX-License-Identifier: Apache-2.0
#include "act/door/door_executor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "act/door/run_guard.h"
#include "base/http_testlib.h"
#include "base/process.h"

namespace trimtab::act {
namespace {

using testing::HasSubstr;

// A door whose program keeps its state in a file, and writes each call's arguments down, one a line.
class DoorExecutorTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fmt::format("{}doors_{}_{}", testing::TempDir(), getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    put("state", "old\n");
    write_program("cat " + folder_ + "/state", "printf '%s\\n' \"$1\" > " + folder_ + "/state");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }
  std::string text_of(const std::string& name) {
    std::ifstream in(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // "get" and "set VALUE"; set is written to the file "calls".
  void write_program(const std::string& get, const std::string& set) {
    const std::string path = folder_ + "/program";
    std::ofstream(path) << "#!/bin/sh\nif [ \"$1\" = get ]; then\n"
                        << get << "\nelse shift; echo \"$#:$1\" >> " << folder_ << "/calls\n"
                        << set << "\nfi\n";
    chmod(path.c_str(), 0755);
  }
  std::unique_ptr<Executor> open(const std::string& more = "", const std::string& pattern = ".*") {
    const std::string program = folder_ + "/program";
    return of(fmt::format(
        "  - name: size\n    parameters: {{size: '{0}'}}\n    read: {{run: [{1}, get]}}\n"
        "    apply: {{run: [{1}, set, 'x{{{{size}}}}']}}\n    undo: {{run: [{1}, set, '{{{{before}}}}']}}\n"
        "    expect: 'x{{{{size}}}}'\n{2}",
        pattern, program, more));
  }
  std::unique_ptr<Executor> of(const std::string& yaml) {
    const auto document = Yaml::parse("doors:\n" + yaml, folder_ + "/trimtab.yaml");
    EXPECT_TRUE(document) << document.error().message();
    auto doors = read_doors((*document)["doors"]);
    EXPECT_TRUE(doors) << doors.error().message();
    return create_door_executor(std::move(doors->at(0)), folder_ + "/run");
  }
  static Action action(const std::string& size) {
    return {"door.size", "door/size", {{"size", size}}, "", ""};
  }
  static std::string error_of(const Status& status) { return status ? "none" : status.error().message(); }

  std::string folder_;
};

TEST_F(DoorExecutorTest, applies_and_takes_back) {
  const auto door = open();
  const Action one = action("17");
  ASSERT_TRUE(door->check(one));
  EXPECT_EQ(door->capture(one), "old");
  EXPECT_EQ(door->is_applied(one, "old"), false);
  EXPECT_EQ(text_of("calls"), "") << "looking changes nothing";
  ASSERT_TRUE(door->apply(one, "old"));
  EXPECT_EQ(door->is_applied(one, "old"), true);
  EXPECT_EQ(door->is_undone(one, "old"), false);
  EXPECT_THAT(error_of(door->check(one)), HasSubstr("it is so already"));
  ASSERT_TRUE(door->undo(one, "old"));
  EXPECT_EQ(door->is_undone(one, "old"), true);
  EXPECT_EQ(text_of("calls"), "1:x17\n1:old\n");
  EXPECT_EQ(text_of("state"), "old\n");
}

TEST_F(DoorExecutorTest, hostile_values_are_one_inert_argument) {
  for (const std::string hostile : {"\"; touch pwned", "$(touch pwned)", "`touch pwned`", "' ; touch pwned '",
                                    "a b  c", "*", "--help", "{{before}}"}) {
    const auto door = open();
    std::filesystem::remove(folder_ + "/calls");
    ASSERT_TRUE(door->apply(action(hostile), "old")) << hostile;
    EXPECT_EQ(text_of("calls"), "1:x" + hostile + "\n");
    EXPECT_EQ(door->is_applied(action(hostile), "old"), true) << hostile;
  }
}

TEST_F(DoorExecutorTest, what_the_expression_does_not_allow_is_refused_by_every_call) {
  const auto door = open("", "[0-9]{1,6}");
  const Action line = action("1\n2"), option = action("-1"), word = action("1;id");
  for (const Action& refused : {line, option, word}) {
    EXPECT_FALSE(door->describe(refused));
    EXPECT_FALSE(door->check(refused));
    EXPECT_FALSE(door->capture(refused));
    EXPECT_FALSE(door->apply(refused, "old"));
    EXPECT_FALSE(door->undo(refused, "old"));
  }
  EXPECT_THAT(error_of(open()->check(line)), HasSubstr("without control characters"));
  EXPECT_THAT(error_of(open()->check(action(std::string(5000, '1')))), HasSubstr("at most 4096 bytes"));
  Action other = action("1");
  other.target = "door/other";
  EXPECT_THAT(error_of(door->check(other)), HasSubstr("expected door/size"));
  other = action("1");
  other.parameters.emplace("more", "1");
  EXPECT_THAT(error_of(door->check(other)), HasSubstr("unknown parameter"));
  other.parameters.clear();
  EXPECT_THAT(error_of(door->check(other)), HasSubstr("size is missing"));
  EXPECT_EQ(text_of("calls"), "");
}

TEST_F(DoorExecutorTest, a_state_that_undo_could_not_be_given_is_found_before_the_change) {
  put("state", "--all");
  EXPECT_THAT(error_of(open()->check(action("1"))), HasSubstr("{{before}}"));
}

TEST_F(DoorExecutorTest, a_reading_that_changes_by_itself_is_refused) {
  write_program("echo . >> " + folder_ + "/n; wc -l < " + folder_ + "/n", "");
  EXPECT_THAT(error_of(open()->check(action("1"))), HasSubstr("the same twice"));
}

TEST_F(DoorExecutorTest, exit_codes_say_whether_to_try_again) {
  const struct {
    int code;
    ErrorCode error;
  } cases[] = {{1, ErrorCode::kInvalid}, {75, ErrorCode::kUnavailable}, {137, ErrorCode::kInvalid}};
  for (const auto& one : cases) {
    write_program("echo old", fmt::format("echo out; printf 'no\\033[1m way\\n' >&2; exit {}", one.code));
    const Status status = open()->apply(action("1"), "old");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), one.error) << one.code;
    EXPECT_EQ(status.error().message(),
              fmt::format("{}/program ended with exit code {}: no [1m way", folder_, one.code));
  }
}

TEST_F(DoorExecutorTest, a_failed_precondition_keeps_the_door_shut) {
  const auto door = open("    check: {run: [/bin/sh, -c, 'echo not now >&2; exit 75']}\n");
  const Status status = door->check(action("1"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(status.error().message(), HasSubstr("not now"));
}

TEST_F(DoorExecutorTest, time_out_ends_the_program_and_its_children) {
  const std::string fifo = folder_ + "/held";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int held = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(held, 0);
  write_program("echo old", "exec 9> " + fifo + "; printf s >&9; sleep 1000 & sleep 1000");
  // Long enough for the program to begin on a busy computer, far less than it would take to end.
  const Status status = open("    timeout: 5s\n")->apply(action("1"), "old");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kTimeout);
  fcntl(held, F_SETFL, 0);
  std::array<char, 8> got{};
  EXPECT_EQ(::read(held, got.data(), got.size()), 1) << "it ran";
  EXPECT_EQ(::read(held, got.data(), got.size()), 0) << "the end of all who held it";
  close(held);
}

TEST_F(DoorExecutorTest, a_state_too_large_to_keep_is_refused) {
  write_program("head -c 40000 /dev/zero | tr '\\0' x", "");
  EXPECT_THAT(error_of(open()->check(action("1"))), HasSubstr("more than 32768 bytes"));
}

TEST_F(DoorExecutorTest, a_talkative_program_is_no_failure) {
  write_program("echo old", "head -c 400000 /dev/zero | tr '\\0' x");
  EXPECT_TRUE(open()->apply(action("1"), "old"));
}

TEST_F(DoorExecutorTest, secrets_reach_the_program_and_no_message) {
  put("token", "hunter2\n");
  chmod((folder_ + "/token").c_str(), 0600);
  write_program("echo old",
                "echo \"$MORE:$TOKEN:$HOME\" > " + folder_ + "/seen; echo denied $TOKEN >&2; exit 1");
  const Status status =
      open("    secrets: {TOKEN: token}\n    environment: {MORE: more}\n")->apply(action("1"), "old");
  EXPECT_EQ(text_of("seen"), "more:hunter2:\n");
  EXPECT_THAT(error_of(status), HasSubstr("denied ***"));
  EXPECT_THAT(error_of(status), testing::Not(HasSubstr("hunter2")));
}

TEST_F(DoorExecutorTest, a_secret_that_looks_like_a_blot_is_blotted_out_once) {
  put("token", "*\n");
  chmod((folder_ + "/token").c_str(), 0600);
  write_program("echo old", "echo \"2 * 3\" >&2; exit 1");
  EXPECT_THAT(error_of(open("    secrets: {TOKEN: token}\n")->apply(action("1"), "old")),
              HasSubstr("2 *** 3"));
}

TEST_F(DoorExecutorTest, programs_that_outlived_us_are_waited_for) {
  const auto door = open();
  // As after a crash: the file is there, and a process we do not know holds the inherited lock.
  std::atomic<bool> enough = false;
  auto guard = std::make_unique<RunGuard>(*RunGuard::take(folder_ + "/run", "size"));
  const int descriptor = guard->descriptor();
  std::thread orphan([&] {
    static_cast<void>(
        run_process({.command = {"sleep", "1000"}, .descriptor = descriptor, .cancelled = &enough}));
  });
  EXPECT_EQ(door->is_applied(action("1"), "old").error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(door->apply(action("1"), "old").error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(text_of("calls"), "");
  enough = true;
  orphan.join();
  guard.reset();
  EXPECT_EQ(door->is_applied(action("1"), "old"), false);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/run/size.lock"));
}

TEST_F(DoorExecutorTest, ansible_is_given_no_templates) {
  const auto door =
      of("  - name: size\n    parameters: {size: '.*'}\n    read: {run: [/bin/echo, old]}\n"
         "    apply: {run: [/no/such/ansible-playbook, --extra-vars, '{\"size\": \"{{size|json}}\"}']}\n"
         "    undo: {run: [/no/such/ansible-playbook, --extra-vars, '{\"size\": \"{{before|json}}\"}']}\n"
         "    expect: '{{size}}'\n");
  for (const std::string hostile : {"{{ lookup('pipe', 'id') }}", "{% if 1 %}", "{# x #}"}) {
    EXPECT_THAT(error_of(door->apply(action(hostile), "old")), HasSubstr("size: the value holds a template"));
    EXPECT_THAT(error_of(door->undo(action("1"), hostile)), HasSubstr("before: the value holds a template"));
  }
  EXPECT_EQ(door->apply(action("1"), "old").error().code(), ErrorCode::kNotFound);
}

TEST_F(DoorExecutorTest, people_read_what_will_be_run) {
  const auto words = open()->describe(action("a b"));
  ASSERT_TRUE(words);
  EXPECT_EQ(words->apply, folder_ + "/program set 'xa b'");
  EXPECT_THAT(words->undo, HasSubstr("program set BEFORE"));
}

class HttpDoorTest : public DoorExecutorTest {
 protected:
  HttpDoorTest()
      : server_([this](const TestHttpServer::Request& request) {
          const std::lock_guard lock(mutex_);
          if (request.method == "GET") {
            return TestHttpServer::Response{.status = status_,
                                            .body = fmt::format("{{\"flags\": {{\"size\": {}}}}}", size_)};
          }
          requests_.push_back(request);
          return TestHttpServer::Response{.status = status_};
        }) {}
  std::unique_ptr<Executor> open_http() {
    put("token", "hunter2");
    return of(fmt::format(
        "  - name: size\n    parameters: {{size: '.*'}}\n    authorization: {{credentials_file: token}}\n"
        "    read: {{url: 'http://127.0.0.1:{0}/flags', value: /flags/size}}\n"
        "    apply: {{method: PUT, url: 'http://127.0.0.1:{0}/flags/{{{{size}}}}', "
        "body: '{{\"size\": {{{{size}}}}, \"note\": \"{{{{size}}}}\"}}'}}\n"
        "    undo: {{url: 'http://127.0.0.1:{0}/form', body: 'v={{{{before}}}}', body_type: form}}\n"
        "    expect: '{{{{size}}}}'\n",
        server_.port()));
  }
  std::mutex mutex_;
  std::string size_ = "1.5";
  int status_ = 200;
  std::vector<TestHttpServer::Request> requests_;
  TestHttpServer server_;
};

TEST_F(HttpDoorTest, requests_are_filled_and_authorised) {
  const auto door = open_http();
  ASSERT_TRUE(door->check(action("2")));
  EXPECT_EQ(door->capture(action("2")), "1.5");
  ASSERT_TRUE(door->apply(action("2"), "1.5"));
  ASSERT_TRUE(door->undo(action("2"), "a&b"));
  ASSERT_EQ(requests_.size(), 2U);
  EXPECT_EQ(requests_[0].method, "PUT");
  EXPECT_EQ(requests_[0].target, "/flags/2");
  EXPECT_EQ(requests_[0].body, R"({"size": 2, "note": "2"})");
  EXPECT_EQ(requests_[0].headers["authorization"], "Bearer hunter2");
  EXPECT_EQ(requests_[0].headers["content-type"], "application/json");
  EXPECT_EQ(requests_[1].method, "POST");
  EXPECT_EQ(requests_[1].body, "v=a%26b");
  EXPECT_EQ(requests_[1].headers["content-type"], "application/x-www-form-urlencoded");
  EXPECT_EQ(door->is_undone(action("2"), "1.5"), true);
}

TEST_F(HttpDoorTest, a_value_stays_in_its_place) {
  const auto door = open_http();
  EXPECT_FALSE(door->apply(action("1, \"admin\": true"), "1.5"));
  EXPECT_FALSE(door->apply(action(".."), "1.5"));
  EXPECT_TRUE(requests_.empty());
}

TEST_F(HttpDoorTest, statuses_say_whether_to_try_again) {
  const struct {
    int status;
    ErrorCode error;
  } cases[] = {{503, ErrorCode::kUnavailable}, {429, ErrorCode::kUnavailable}, {403, ErrorCode::kDenied},
               {404, ErrorCode::kNotFound},    {302, ErrorCode::kInvalid},     {400, ErrorCode::kInvalid}};
  const auto door = open_http();
  for (const auto& one : cases) {
    status_ = one.status;
    const Status status = door->apply(action("2"), "1.5");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), one.error) << one.status;
    EXPECT_THAT(status.error().message(), testing::Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace trimtab::act
