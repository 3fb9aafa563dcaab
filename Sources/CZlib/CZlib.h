/// The system zlib, for Swift.
#include <zlib.h>
