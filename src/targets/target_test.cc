// SPDX-License-Identifier: Apache-2.0
#include "targets/target.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace trimtab {
namespace {

Result<std::vector<Target>> read(std::string_view text) {
  return read_targets(Yaml::parse(text, "/etc/trimtab/trimtab.yaml").value()["collectors"]);
}

TEST(Targets, each_kind_reads_with_its_defaults) {
  const auto targets = read(R"(
collectors:
  postgresql:
    - dsn: host=db1 dbname=shop user=trimtab
    - {name: second, dsn: 'postgresql://u@db2:5433/x', act_dsn: 'host=db2 port=5433 user=owner', interval: 1s}
  redis: [{url: 'redis://cache:6380/0', password: geheim}]
  nginx: [{url: 'http://127.0.0.1/stub_status', log: /var/log/nginx/access.log, config: nginx.conf, act: true}]
  memcached: [{url: 'tcp://m', username: u, password: geheim}]
  haproxy: [{name: edge, url: 'unix:///run/haproxy.sock'}, {url: 'tcp://lb:9999'}]
  pgbouncer: [{dsn: 'host=/var/run/postgresql port=6432 dbname=pgbouncer'}]
)");
  ASSERT_TRUE(targets) << targets.error().message();
  ASSERT_EQ(targets->size(), 8u);
  const auto& t = *targets;
  EXPECT_EQ(t[0].name(), "postgresql/db1:5432");
  EXPECT_EQ(t[0].instance, "db1:5432");
  EXPECT_TRUE(t[0].act);
  EXPECT_EQ(t[0].act_dsn, t[0].dsn);
  EXPECT_EQ(t[0].interval_ms, 5000);
  EXPECT_EQ(t[1].name(), "postgresql/second");
  EXPECT_EQ(t[1].instance, "db2:5433");
  EXPECT_TRUE(t[1].act);
  EXPECT_EQ(t[1].interval_ms, 1000);
  EXPECT_EQ(t[2].name(), "redis/cache:6380");
  EXPECT_EQ(t[2].password, "geheim");
  EXPECT_EQ(t[3].config, "/etc/trimtab/nginx.conf");
  EXPECT_EQ(t[3].instance, "127.0.0.1:80");
  EXPECT_TRUE(t[3].act);
  EXPECT_EQ(t[4].url, "tcp://m:11211");
  EXPECT_EQ(t[4].password, "geheim");
  EXPECT_EQ(t[5].instance, "/run/haproxy.sock");
  EXPECT_EQ(t[6].name(), "haproxy/lb:9999");
  EXPECT_EQ(t[7].name(), "pgbouncer/local");
  EXPECT_TRUE(read("{}")->empty());
}

TEST(Targets, mistakes_are_named_with_their_place) {
  const std::pair<const char*, const char*> cases[] = {
      {"{mysql: [{dsn: x}]}", "mysql"},
      {"{postgresql: [{dsn: 'host=a', pasword: x}]}", "pasword"},
      {"{postgresql: [{}]}", "dsn is missing"},
      {"{postgresql: [{dsn: 'host=a'}, {dsn: 'host=a'}]}", "there twice"},
      {"{postgresql: [{dsn: 'host=a'}, {name: b, dsn: 'host=a dbname=other'}]}", "instance"},
      {"{postgresql: [{name: 'a/b', dsn: 'host=a'}]}", "name: expected"},
      {"{postgresql: [{dsn: 'host=a', interval: 1ms}]}", "interval"},
      {"{postgresql: [{dsn: 'host=a', password: x, password_file: y}]}", "exclude each other"},
      {"{postgresql: [{dsn: 'host=a', act_password: x}]}", "without act_dsn"},
      {"{redis: [{url: 'http://a'}]}", "expected redis:// or unix://"},
      {"{redis: [{url: 'redis://'}]}", "host is missing"},
      {"{redis: [{url: 'redis://a', username: u}]}", "username without password"},
      {"{nginx: [{config: a}]}", "url (of stub_status) or log"},
      {"{nginx: [{url: 'http://a', act: true}]}", "changes need config"},
      {"{memcached: [{url: 'unix://relative'}]}", "unix:///absolute/path"},
      {"{memcached: [{url: 'tcp://a', act: true}]}", "act"},
      {"{memcached: [{url: 'tcp://a', password: x}]}", "username of one word"},
      {"{memcached: [{url: 'tcp://a', username: u}]}", "username without password"},
      {"{pgbouncer: [{dsn: 'host=a port=6432 dbname=shop'}]}", "dbname=pgbouncer"},
      {"{haproxy: [{url: 'unix://run/haproxy.sock'}]}", "unix:///absolute/path"},
      {"{haproxy: [{url: 'redis://a'}]}", "expected http://"}};
  for (const auto& [text, part] : cases) {
    const auto targets = read("collectors: " + std::string(text));
    ASSERT_FALSE(targets) << text;
    EXPECT_TRUE(targets.error().message().contains(part)) << text << ": " << targets.error().message();
    EXPECT_TRUE(targets.error().message().contains("trimtab.yaml:1")) << targets.error().message();
  }
}

TEST(Targets, an_url_without_http_names_its_socket) {
  EXPECT_EQ(socket_address("tcp://m:11211"), "m:11211");
  EXPECT_EQ(socket_address("tcp://[::1]:11211/x"), "[::1]:11211");
  EXPECT_EQ(socket_address("unix:///run/a/b.sock"), "/run/a/b.sock");
}

TEST(Targets, no_error_tells_a_secret) {
  for (const char* text : {"{postgresql: [{dsn: 'host=a password=geheim nonsense'}]}",
                           "{postgresql: [{dsn: 'postgres://u:geheim@[a'}]}",
                           "{postgresql: [{dsn: 'host=a password=geheim', password: geheim2}]}",
                           "{postgresql: [{dsn: 'host=a', act_dsn: 'password=geheim x'}]}",
                           "{redis: [{url: 'redis://:geheim@a'}]}", "{redis: [{url: 'geheim'}]}",
                           "{nginx: [{url: 'http://u:geheim@a/'}]}", "{redis: [{password: [geheim]}]}"}) {
    const auto targets = read("collectors: " + std::string(text));
    ASSERT_FALSE(targets) << text;
    EXPECT_FALSE(targets.error().message().contains("geheim")) << targets.error().message();
  }
}

TEST(Targets, a_password_file_is_read_only_when_it_is_kept_from_others) {
  const std::string path = testing::TempDir() + "/password_" + std::to_string(::getpid());
  std::ofstream(path) << "it's \\ secret\n";
  const std::string text = "collectors: {postgresql: [{dsn: 'host=a', password_file: '" + path + "'}]}";
  ::chmod(path.c_str(), 0644);
  const auto refused = read(text);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message().contains("everyone")) << refused.error().message();
  ::chmod(path.c_str(), 0600);
  const auto targets = read(text);
  ::unlink(path.c_str());
  ASSERT_TRUE(targets) << targets.error().message();
  EXPECT_EQ(targets->front().dsn, R"(host='a' password='it\'s \\ secret')");
}

}  // namespace
}  // namespace trimtab
