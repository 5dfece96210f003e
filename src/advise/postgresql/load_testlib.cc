// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/load_testlib.h"

namespace trimtab::advise::postgresql {

TestLoad decision_support_load() {
  TestLoad load;
  load.schema_sql = R"(
CREATE TABLE nation (n_nationkey int PRIMARY KEY, n_name text, n_regionkey int);
CREATE TABLE supplier (s_suppkey int PRIMARY KEY, s_name text, s_nationkey int, s_acctbal numeric);
CREATE TABLE part (p_partkey int PRIMARY KEY, p_name text, p_brand text, p_type text, p_size int, p_container text);
CREATE TABLE partsupp (ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost numeric,
  PRIMARY KEY (ps_partkey, ps_suppkey));
CREATE TABLE customer (c_custkey int PRIMARY KEY, c_name text, c_nationkey int, c_mktsegment text, c_acctbal numeric);
CREATE TABLE orders (o_orderkey int PRIMARY KEY, o_custkey int, o_orderstatus text, o_totalprice numeric,
  o_orderdate date, o_orderpriority text, o_clerk text);
CREATE TABLE lineitem (l_orderkey int, l_linenumber int, l_partkey int, l_suppkey int, l_quantity int,
  l_extendedprice numeric, l_discount numeric, l_returnflag text, l_shipdate date, l_commitdate date,
  l_receiptdate date, l_shipmode text, PRIMARY KEY (l_orderkey, l_linenumber));
INSERT INTO nation SELECT i, 'nation ' || i, i % 5 FROM generate_series(0, 24) i;
INSERT INTO supplier SELECT i, 'supplier ' || i, i % 25, i FROM generate_series(1, 200) i;
INSERT INTO part SELECT i, 'part ' || i, 'brand ' || i % 25, 'type ' || i % 150, i % 50, 'container ' || i % 40
  FROM generate_series(1, 4000) i;
INSERT INTO partsupp SELECT i, 1 + (i * 7 + j * 50) % 200, i % 1000, i % 100
  FROM generate_series(1, 4000) i, generate_series(0, 3) j;
INSERT INTO customer SELECT i, 'customer ' || i, i % 25, 'segment ' || i % 5, i % 9999 FROM generate_series(1, 3000) i;
INSERT INTO orders SELECT i, 1 + (i * 7919) % 3000, substr('OFP', 1 + i % 3, 1), i % 5000,
  date '1992-01-01' + (i * 31) % 2400, 'priority ' || i % 5, 'clerk ' || i % 1000 FROM generate_series(1, 15000) i;
INSERT INTO lineitem SELECT i, j, 1 + (i * 13 + j * 101) % 4000, 1 + (i * 17 + j) % 200, (i + j) % 50, i % 900, 0.05,
  substr('ARN', 1 + (i + j) % 3, 1), date '1992-01-01' + (i * 31) % 2400 + j * 10,
  date '1992-01-01' + (i * 31) % 2400 + 30, date '1992-01-01' + (i * 31) % 2400 + j * 12, 'mode ' || (i + j) % 7
  FROM generate_series(1, 15000) i, generate_series(1, 4) j;
ANALYZE;)";
  load.statements = {
      {"SELECT o_orderkey, o_totalprice FROM orders WHERE o_custkey = $1 AND o_orderstatus = $2 "
       "ORDER BY o_orderdate DESC LIMIT $3",
       400},
      {"SELECT l_returnflag, sum(l_quantity) FROM lineitem WHERE l_partkey = $1 GROUP BY l_returnflag", 200},
      {"SELECT c.c_name, sum(o.o_totalprice) FROM customer c JOIN orders o ON o.o_custkey = c.c_custkey "
       "WHERE c.c_mktsegment = $1 AND c.c_nationkey = $2 GROUP BY c.c_name ORDER BY 2 DESC LIMIT $3",
       20},
      {"SELECT sum(l_extendedprice * l_discount) FROM lineitem WHERE l_shipdate >= $1 AND l_shipdate < $2 "
       "AND l_discount = $3",
       20},
      {"SELECT p.p_name, ps.ps_supplycost FROM part p JOIN partsupp ps ON ps.ps_partkey = p.p_partkey "
       "JOIN supplier s ON s.s_suppkey = ps.ps_suppkey WHERE p.p_size = $1 AND p.p_type = $2 AND "
       "s.s_nationkey = $3",
       50},
      {"SELECT o.o_orderpriority, count(*) FROM orders o WHERE o.o_orderdate >= date $1 AND "
       "o.o_orderdate < date $1 + interval $2 AND EXISTS (SELECT 1 FROM lineitem l WHERE "
       "l.l_orderkey = o.o_orderkey AND l.l_commitdate < l.l_receiptdate) GROUP BY o.o_orderpriority",
       10},
      {"SELECT avg(l.l_quantity) FROM lineitem l JOIN part p ON p.p_partkey = l.l_partkey "
       "WHERE p.p_brand = $1 AND p.p_container = $2",
       60},
      {"SELECT count(*) FROM lineitem WHERE l_suppkey = $1 AND l_shipmode = $2", 40},
      {"SELECT ps_partkey, sum(ps_supplycost * ps_availqty) FROM partsupp WHERE ps_suppkey = $1 GROUP BY "
       "ps_partkey",
       30},
      {"SELECT o_clerk, count(*) FROM orders WHERE o_orderdate = $1 GROUP BY o_clerk", 40},
      {"UPDATE orders SET o_orderstatus = $1 WHERE o_clerk = $2 AND o_orderdate < $3", 5},
  };
  return load;
}

TestLoad join_heavy_load() {
  TestLoad load;
  load.schema_sql = R"(
CREATE TABLE title (id int PRIMARY KEY, title text, kind_id int, production_year int);
CREATE TABLE person (id int PRIMARY KEY, name text, gender text);
CREATE TABLE company (id int PRIMARY KEY, name text, country text);
CREATE TABLE keyword (id int PRIMARY KEY, keyword text);
CREATE TABLE cast_info (id int PRIMARY KEY, movie_id int, person_id int, role_id int, note text);
CREATE TABLE movie_companies (id int PRIMARY KEY, movie_id int, company_id int, type_id int);
CREATE TABLE movie_keyword (id int PRIMARY KEY, movie_id int, keyword_id int);
CREATE TABLE movie_info (id int PRIMARY KEY, movie_id int, info_type_id int, info text);
INSERT INTO title SELECT i, 'title ' || i, i % 7, 1950 + i % 70 FROM generate_series(1, 12000) i;
INSERT INTO person SELECT i, 'person ' || i, substr('mf', 1 + i % 2, 1) FROM generate_series(1, 8000) i;
INSERT INTO company SELECT i, 'company ' || i, 'country ' || i % 60 FROM generate_series(1, 1000) i;
INSERT INTO keyword SELECT i, 'keyword ' || i FROM generate_series(1, 2000) i;
INSERT INTO cast_info SELECT i, 1 + (i * 7919) % 12000, 1 + (i * 10473) % 8000, i % 11, 'note ' || i % 3
  FROM generate_series(1, 40000) i;
INSERT INTO movie_companies SELECT i, 1 + (i * 31) % 12000, 1 + (i * 7) % 1000, i % 4 FROM generate_series(1, 15000) i;
INSERT INTO movie_keyword SELECT i, 1 + (i * 17) % 12000, 1 + (i * 13) % 2000 FROM generate_series(1, 25000) i;
INSERT INTO movie_info SELECT i, 1 + (i * 11) % 12000, i % 100, 'info ' || i % 500 FROM generate_series(1, 30000) i;
ANALYZE;)";
  load.statements = {
      {"SELECT t.title FROM title t JOIN movie_keyword mk ON mk.movie_id = t.id JOIN keyword k "
       "ON k.id = mk.keyword_id WHERE k.keyword = $1 AND t.production_year > $2",
       100},
      {"SELECT p.name FROM person p JOIN cast_info ci ON ci.person_id = p.id JOIN title t ON t.id = "
       "ci.movie_id "
       "WHERE t.title = $1 AND ci.role_id = $2",
       100},
      {"SELECT min(t.production_year) FROM title t JOIN movie_companies mc ON mc.movie_id = t.id "
       "JOIN company c ON c.id = mc.company_id JOIN movie_info mi ON mi.movie_id = t.id "
       "WHERE c.name = $1 AND mi.info_type_id = $2 AND mi.info = $3",
       40},
      {"SELECT count(*) FROM cast_info ci JOIN person p ON p.id = ci.person_id JOIN movie_keyword mk "
       "ON mk.movie_id = ci.movie_id WHERE p.name = $1 AND ci.note = $2",
       40},
      {"SELECT c.name, t.title FROM company c JOIN movie_companies mc ON mc.company_id = c.id JOIN title t "
       "ON t.id = mc.movie_id WHERE c.country = $1 AND mc.type_id = $2 AND t.kind_id = $3 AND "
       "t.production_year = $4",
       20},
      {"SELECT info FROM movie_info WHERE movie_id = $1 AND info_type_id = $2", 200},
      {"SELECT t.title FROM title t JOIN cast_info ci ON ci.movie_id = t.id WHERE ci.person_id = $1 "
       "ORDER BY t.production_year DESC",
       150},
      {"SELECT k.keyword, count(*) FROM keyword k JOIN movie_keyword mk ON mk.keyword_id = k.id "
       "JOIN movie_info mi ON mi.movie_id = mk.movie_id WHERE mi.info = $1 GROUP BY k.keyword",
       10},
  };
  return load;
}

}  // namespace trimtab::advise::postgresql
