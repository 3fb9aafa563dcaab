/// GET requests through libcurl, which is loaded at run time: the program starts without it, and no command but
/// `tune download` opens it. Follows no redirect and repeats no request.
#ifndef CCURL_H
#define CCURL_H

#include <stddef.h>

/// Loads libcurl once; later calls do nothing. Returns NULL on success, else an error message.
const char *tune_curl_open(void);

/// A connection that several requests may use one after the other; NULL: no memory. Call `tune_curl_open` first.
void *tune_curl_new(void);
void tune_curl_free(void *connection);

/// Receives a header line or a part of the body. A result other than `count` ends the transfer.
typedef size_t tune_curl_receiver(void *context, const char *bytes, size_t count);

typedef struct {
  const char *url;
  const char *const *headers;  // "Name: value", the last one is NULL
  const char *ca_file, *ca_folder, *proxy;  // NULL: libcurl's defaults, and its environment variables
  long connect_seconds;  // the limit for a connection
  long silent_seconds;  // the limit for a pause between two parts of an answer
} tune_curl_request;

typedef struct {
  int code;  // CURLcode; 0: the answer is complete, whatever its status
  long long retry_after;  // seconds of the header Retry-After; 0: it has none
  char message[256];
} tune_curl_result;

/// Sends a GET request; `header` and `body` receive the answer.
tune_curl_result tune_curl_get(void *connection, tune_curl_request request, tune_curl_receiver *header,
                               tune_curl_receiver *body, void *context);

#endif
