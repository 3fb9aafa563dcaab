// Handlers of signals. They call only what is safe in a handler (signal-safety(7)).
#define _GNU_SOURCE
#include "CProcess.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "say.h"

// Uptime in milliseconds, plus 1, at the first signal; 0: none yet.
static _Atomic long first_stop;
static atomic_bool has_usr1;
// What is reported; NULL: nothing.
static const char *stop_sentence, *usr1_sentence;

static void report(const char *sentence) {
  if (sentence) say(sentence);
}

static void stop(int number) {
  int code = errno;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long first = 0, time = now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
  if (atomic_compare_exchange_strong(&first_stop, &first, time)) {
    report(stop_sentence);
  } else if (time - first > 500) {
    // One Ctrl-C may arrive twice, from the terminal and from a wrapper process: the second within half a second is ignored.
    _exit(130);
  }
  errno = code;
}

static void request_snapshot(int number) {
  (void)number;
  int code = errno;
  if (!atomic_exchange(&has_usr1, true)) report(usr1_sentence);
  errno = code;
}

void stop_on_signals(int rank, int ranks) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
  if (rank == 0) {
    stop_sentence = ranks == 1 ? "\nstopping after this step (again to stop immediately)\n"
                               : "\nstopping after this step, if the launcher leaves time for it; continue with --resume\n";
    usr1_sentence = "\nSIGUSR1: a snapshot after this step\n";
  }
  sigset_t blocked;
  sigemptyset(&blocked);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    void (*handler)(int) = numbers[i] == SIGUSR1 ? request_snapshot : stop;
    struct sigaction old, new = {.sa_handler = handler, .sa_flags = SA_RESTART};
    bool stays_ignored = sigaction(numbers[i], NULL, &old) < 0 || (old.sa_handler == SIG_IGN && numbers[i] != SIGUSR1);
    if (!stays_ignored) sigaction(numbers[i], &new, NULL);
    sigaddset(&blocked, numbers[i]);
  }
  // A program inherits the mask of the thread that started it, which may block signals.
  pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
}

void keep_sigusr1(void) {
  struct sigaction new = {.sa_handler = request_snapshot, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &new, NULL);
}

bool is_stop_requested(void) { return atomic_load(&first_stop) > 0; }
bool has_sigusr1(void) { return atomic_load(&has_usr1); }
void forget_sigusr1(void) { atomic_store(&has_usr1, false); }

static unsigned long hexadecimal(const char **text) {
  unsigned long value = 0;
  for (;; ++*text) {
    char c = **text;
    if (c >= '0' && c <= '9') value = value * 16 + (unsigned long)(c - '0');
    else if (c >= 'a' && c <= 'f') value = value * 16 + (unsigned long)(c - 'a' + 10);
    else return value;
  }
}

// The path in a line of /proc/self/maps, "first-end mode offset device inode path", if the line's range has `address`.
static const char *path_of(const char *line, unsigned long address) {
  unsigned long first = hexadecimal(&line);
  if (*line++ != '-' || address < first || address >= hexadecimal(&line)) return NULL;
  return strchr(line, '/');
}

// Writes the path of the file that is mapped at `address` into `line`; false: there is none.
static bool find_mapped_file(unsigned long address, char *line, size_t size) {
  int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  char c;
  while (maps >= 0 && read(maps, &c, 1) == 1) {
    if (c != '\n') {
      if (length + 1 < size) line[length++] = c;
      continue;
    }
    line[length] = 0;
    length = 0;
    const char *path = path_of(line, address);
    if (!path) continue;
    memmove(line, path, strlen(path) + 1);
    return true;
  }
  return false;
}

static void bus_error(int number, siginfo_t *info, void *context) {
  static char path[4352];
  static atomic_flag is_reported = ATOMIC_FLAG_INIT;
  // Of several threads that read the file at once, the first ends the process.
  while (atomic_flag_test_and_set(&is_reported)) pause();
  if (!find_mapped_file((unsigned long)info->si_addr, path, sizeof path)) {
    signal(SIGBUS, SIG_DFL);
    return;  // the instruction is repeated, and ends the program
  }
  say("\nError: ");
  say(path);
  say(": cannot be read any more: it was truncated while it was in use, or its disk has failed (SIGBUS). Restore the "
      "file. The last snapshot of a run is intact: continue with --resume.\n");
  _exit(1);
}

void report_file_signals(void) {
  signal(SIGXFSZ, SIG_IGN);
  struct sigaction action = {.sa_sigaction = bus_error, .sa_flags = SA_SIGINFO};
  sigaction(SIGBUS, &action, NULL);
}
