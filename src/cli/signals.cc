// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.h"

#include <pthread.h>

#include <initializer_list>

namespace trimtab::cli {

Signals::Signals() {
  sigemptyset(&set_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set_, number);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int Signals::wait() {
  int number = 0;
  while (sigwait(&set_, &number) != 0) {
  }
  return number;
}

}  // namespace trimtab::cli
