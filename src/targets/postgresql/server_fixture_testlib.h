// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "targets/postgresql/server_testlib.h"

namespace trimtab::postgresql {

// A real server for all tests of a suite, started before the first and gone after the last.
class ServerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { start({}); }
  static void start(const TestServer::Options& options) {
    auto started = TestServer::start(options);
    ASSERT_TRUE(started) << started.error().message();
    server_ = *std::move(started);
  }
  static void TearDownTestSuite() { server_.reset(); }

  static inline std::unique_ptr<TestServer> server_;
};

}  // namespace trimtab::postgresql
