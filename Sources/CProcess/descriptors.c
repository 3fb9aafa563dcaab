// The file descriptors that a program inherits, and those that it may open.
#include "CProcess.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "say.h"

void prepare_descriptors(void) {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
  int opened[16], count = 0, code = 0;
  while (code == 0 && count < 16) {
    opened[count] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (opened[count] < 0) code = errno;
    else ++count;
  }
  while (count > 0) close(opened[--count]);
  if (code != EMFILE && code != ENFILE) return;
  say("Error: 16 files cannot be open at once: ");
  say(strerror(code));
  say(". Raise the limit (ulimit -n).\n");
  _exit(1);
}
