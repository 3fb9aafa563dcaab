/// Access to MPI, through a small library that `make mpi` builds for the MPI of this machine (mpi/tune-mpi.c) and that is
/// opened at run time: the binary interfaces of Open MPI and MPICH differ, and the program runs without either.
/// One thread at a time calls the functions.
#ifndef CMPI_H
#define CMPI_H

/// The version of `struct tune_mpi`.
enum { TUNE_MPI_VERSION = 2 };

/// What the library does. An error of MPI ends all ranks with MPI's own message.
struct tune_mpi {
  int version;
  /// Starts MPI, and sets this process's number and the number of processes. Returns NULL, or what is wrong.
  const char *(*start)(int *rank, int *size);
  /// The name and version of the MPI, in one line.
  const char *(*library)(void);
  /// Begins to send `count` bytes, which must stay as they are until `finish_sends`.
  void (*send)(const void *bytes, long count, int rank);
  /// Waits for the next `count` bytes that `rank` sends to this process.
  void (*receive)(void *bytes, long count, int rank);
  /// Waits until all sends have ended.
  void (*finish_sends)(void);
  /// Whether a wait soon leaves the processor to other threads, which compute. It then answers later to messages.
  void (*spare_processor)(int spares);
  /// Waits for all ranks, and ends MPI. The processor is free while it waits.
  void (*end)(void);
  /// Ends all ranks with an exit status. Does nothing without other ranks.
  void (*abort)(int status);
};

/// Opens the library at `path`, which exports `tune_mpi_functions`. Returns NULL on success, else an error message.
const char *tune_mpi_open(const char *path);

/// The functions of the opened library; NULL: none is open.
const struct tune_mpi *tune_mpi_opened(void);

#endif
