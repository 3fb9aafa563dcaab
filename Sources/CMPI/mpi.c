/// Opens the library of mpi/tune-mpi.c.
#include "CMPI.h"

#include <dlfcn.h>
#include <stdio.h>

static const struct tune_mpi *functions;
static char fault[1024];

const char *tune_mpi_open(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(fault, sizeof fault, "%s", dlerror());
    return fault;
  }
  const struct tune_mpi *found = dlsym(library, "tune_mpi_functions");
  if (!found || found->version != TUNE_MPI_VERSION) {
    snprintf(fault, sizeof fault, "%s: built for another version of tune", path);
    return fault;
  }
  functions = found;
  return NULL;
}

const struct tune_mpi *tune_mpi_opened(void) { return functions; }
