// What the kernel does to a process: signals, and memory and descriptors that it does not give. Each ends with a sentence
// on standard error.
#pragma once
#include <stdbool.h>

// Ctrl-C, SIGTERM and SIGHUP request a stop; a second one, a second later, ends the program with status 130. A signal
// that is ignored stays ignored. SIGUSR1 is kept until it is forgotten. Rank 0 of `ranks` processes reports them.
void stop_on_signals(int rank, int ranks);
bool is_stop_requested(void);
// Keeps SIGUSR1 alone, for what comes before.
void keep_sigusr1(void);
bool has_sigusr1(void);
void forget_sigusr1(void);

// Opens closed standard descriptors, so that no file gets the results or notes in their place; using them stays an error.
// Ends the program if it may not open 16 files at once: libdispatch would crash.
void prepare_descriptors(void);

// SIGXFSZ is ignored, so that a file over the limit (ulimit -f) is a write error. SIGBUS in a mapped file, which another
// program has truncated, names the file and ends the program with status 1.
void report_file_signals(void);
