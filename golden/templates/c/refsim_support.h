/* Ways to stop with a reason, and memory that is released as a whole. Nothing here knows of neurons. */
#ifndef REFSIM_SUPPORT_H
#define REFSIM_SUPPORT_H

#include <stddef.h>

/* How a case ends; the numbers are the exit codes of the protocol. */
typedef enum { ANSWERED = 0, REJECTED = 65, FAILED = 70, UNSUPPORTED = 75 } Status;

#if defined(__GNUC__)
#define PRINTF_LIKE __attribute__((format(printf, 2, 3)))
#else
#define PRINTF_LIKE
#endif

/* Give the case up, from however deep inside; attempt() returns the status. */
_Noreturn void stop(Status status, const char *format, ...) PRINTF_LIKE;

/* Zeroed memory for count values of a size, released when the attempt ends. Never NULL. */
void *allocate(size_t count, size_t size);

/* a * b, or a stop where the program does not take anything so large. */
size_t checked_product(size_t a, size_t b);

/* Run work(case, out) to its end or to the first stop. */
Status attempt(void (*work)(const char *, const char *), const char *case_directory, const char *out_directory);

/* Why the last attempt stopped, one line. */
const char *stop_reason(void);

#endif
