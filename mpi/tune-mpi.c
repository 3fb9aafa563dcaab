/// The library libtune-mpi.so: what tune needs of MPI, compiled by mpicc for the MPI of this machine (`make mpi`).
#include "../Sources/CMPI/include/CMPI.h"

#include <mpi.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// Counts of MPI are ints: more bytes are sent in several messages.
enum { LARGEST = 1 << 30 };

static MPI_Request *sends;
static int send_count, send_capacity;
static int world_size = 1;
static long patience = 50;  // milliseconds

static const char *start(int *rank, int *size) {
  int level = 0;
  if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level) != MPI_SUCCESS) return "MPI_Init_thread failed";
  if (level < MPI_THREAD_SERIALIZED) return "this MPI does not let threads take turns (MPI_THREAD_SERIALIZED)";
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, size);
  world_size = *size;
  return NULL;
}

static const char *library(void) {
  static char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  text[strcspn(text, ",\n")] = 0;
  return text;
}

// Waits, and after some milliseconds leaves the processor to others.
static void wait_for(MPI_Request *request) {
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int done = 0, is_long = 0;;) {
    MPI_Test(request, &done, MPI_STATUS_IGNORE);
    if (done) return;
    if (is_long) {
      usleep(100);
    } else {
      sched_yield();
      clock_gettime(CLOCK_MONOTONIC, &now);
      is_long = (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 > patience;
    }
  }
}

static void send(const void *bytes, long count, int rank) {
  for (long sent = 0; sent < count; sent += LARGEST) {
    if (send_count == send_capacity) {
      send_capacity = 2 * send_capacity + 16;
      sends = realloc(sends, (size_t)send_capacity * sizeof *sends);
    }
    int part = (int)(count - sent < LARGEST ? count - sent : LARGEST);
    MPI_Isend((const char *)bytes + sent, part, MPI_BYTE, rank, 0, MPI_COMM_WORLD, &sends[send_count++]);
  }
}

static void receive(void *bytes, long count, int rank) {
  for (long received = 0; received < count; received += LARGEST) {
    int part = (int)(count - received < LARGEST ? count - received : LARGEST);
    MPI_Request request;
    MPI_Irecv((char *)bytes + received, part, MPI_BYTE, rank, 0, MPI_COMM_WORLD, &request);
    wait_for(&request);
  }
}

static void finish_sends(void) {
  for (int i = 0; i < send_count; i++) wait_for(&sends[i]);
  send_count = 0;
}

static void spare_processor(int spares) { patience = spares ? 2 : 50; }

static void end(void) {
  MPI_Request request;
  MPI_Ibarrier(MPI_COMM_WORLD, &request);
  wait_for(&request);
  MPI_Finalize();
  world_size = 1;
}

static void abort_all(int status) {
  if (world_size > 1) MPI_Abort(MPI_COMM_WORLD, status);
}

const struct tune_mpi tune_mpi_functions = {
    TUNE_MPI_VERSION, start, library, send, receive, finish_sends, spare_processor, end, abort_all,
};
