/// Loads libcurl and sends GET requests. The numbers are those of curl.h, which are part of libcurl's ABI.
#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

enum {
  OPT_WRITEDATA = 10001,
  OPT_URL = 10002,
  OPT_PROXY = 10004,
  OPT_ERRORBUFFER = 10010,
  OPT_LOW_SPEED_LIMIT = 19,
  OPT_LOW_SPEED_TIME = 20,
  OPT_HTTPHEADER = 10023,
  OPT_HEADERDATA = 10029,
  OPT_CAINFO = 10065,
  OPT_CONNECTTIMEOUT = 78,
  OPT_CAPATH = 10097,
  OPT_NOSIGNAL = 99,
  OPT_PROTOCOLS = 181,
  OPT_SUPPRESS_CONNECT_HEADERS = 265,
  OPT_WRITEFUNCTION = 20011,
  OPT_HEADERFUNCTION = 20079,
  INFO_RETRY_AFTER = 0x600000 + 57,
  GLOBAL_ALL = 3,
  HTTP_AND_HTTPS = 3,
};

struct list;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char fault[512];
static int (*global_init)(long);
static void *(*easy_init)(void);
static void (*easy_cleanup)(void *);
static void (*easy_reset)(void *);
static int (*easy_setopt)(void *, int, ...);
static int (*easy_perform)(void *);
static int (*easy_getinfo)(void *, int, ...);
static struct list *(*list_append)(struct list *, const char *);
static void (*list_free)(struct list *);

static void find(void *library, const char *name, void *function) {
  *(void **)function = dlsym(library, name);
  if (!*(void **)function) snprintf(fault, sizeof fault, "libcurl has no symbol %s. On Debian: apt-get install libcurl4.", name);
}

static void open_library(void) {
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(fault, sizeof fault, "Cannot load libcurl (%s). On Debian: apt-get install libcurl4.", dlerror());
    return;
  }
  find(library, "curl_global_init", &global_init);
  find(library, "curl_easy_init", &easy_init);
  find(library, "curl_easy_cleanup", &easy_cleanup);
  find(library, "curl_easy_reset", &easy_reset);
  find(library, "curl_easy_setopt", &easy_setopt);
  find(library, "curl_easy_perform", &easy_perform);
  find(library, "curl_easy_getinfo", &easy_getinfo);
  find(library, "curl_slist_append", &list_append);
  find(library, "curl_slist_free_all", &list_free);
  if (!fault[0] && global_init(GLOBAL_ALL) != 0) snprintf(fault, sizeof fault, "libcurl cannot be initialized.");
}

const char *tune_curl_open(void) {
  pthread_once(&once, open_library);
  return fault[0] ? fault : NULL;
}

void *tune_curl_new(void) { return easy_init(); }

void tune_curl_free(void *connection) { easy_cleanup(connection); }

// libcurl's callbacks have two sizes, the first of which is always 1.
struct receivers {
  tune_curl_receiver *header, *body;
  void *context;
};

static size_t receive_header(char *bytes, size_t one, size_t count, void *receivers) {
  struct receivers *to = receivers;
  return to->header(to->context, bytes, one * count);
}

static size_t receive_body(char *bytes, size_t one, size_t count, void *receivers) {
  struct receivers *to = receivers;
  return to->body(to->context, bytes, one * count);
}

tune_curl_result tune_curl_get(void *connection, tune_curl_request request, tune_curl_receiver *header,
                               tune_curl_receiver *body, void *context) {
  tune_curl_result result = {0};
  struct receivers receivers = {header, body, context};
  struct list *headers = NULL;
  for (const char *const *line = request.headers; *line; line++) headers = list_append(headers, *line);
  easy_reset(connection);
  easy_setopt(connection, OPT_URL, request.url);
  easy_setopt(connection, OPT_HTTPHEADER, headers);
  easy_setopt(connection, OPT_PROTOCOLS, (long)HTTP_AND_HTTPS);
  easy_setopt(connection, OPT_SUPPRESS_CONNECT_HEADERS, 1L);
  easy_setopt(connection, OPT_NOSIGNAL, 1L);
  easy_setopt(connection, OPT_CONNECTTIMEOUT, request.connect_seconds);
  easy_setopt(connection, OPT_LOW_SPEED_LIMIT, 1L);
  easy_setopt(connection, OPT_LOW_SPEED_TIME, request.silent_seconds);
  if (request.ca_file) easy_setopt(connection, OPT_CAINFO, request.ca_file);
  if (request.ca_folder) easy_setopt(connection, OPT_CAPATH, request.ca_folder);
  if (request.proxy) easy_setopt(connection, OPT_PROXY, request.proxy);
  easy_setopt(connection, OPT_ERRORBUFFER, result.message);
  easy_setopt(connection, OPT_HEADERFUNCTION, receive_header);
  easy_setopt(connection, OPT_HEADERDATA, &receivers);
  easy_setopt(connection, OPT_WRITEFUNCTION, receive_body);
  easy_setopt(connection, OPT_WRITEDATA, &receivers);
  result.code = easy_perform(connection);
  easy_getinfo(connection, INFO_RETRY_AFTER, &result.retry_after);
  list_free(headers);
  return result;
}
