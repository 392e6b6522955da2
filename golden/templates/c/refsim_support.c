#include "refsim_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { REASON_SIZE = 512 };
static const size_t MOST_BYTES = (size_t)1 << 31; /* of one array */

typedef struct Block {
    struct Block *next;
    max_align_t bytes[];
} Block;

static jmp_buf escape;
static Status ending;
static char reason[REASON_SIZE];
static Block *blocks;

void stop(Status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    ending = status;
    longjmp(escape, 1);
}

size_t checked_product(size_t a, size_t b)
{
    if (a != 0 && b > MOST_BYTES / a)
        stop(UNSUPPORTED, "an array of %zu times %zu is larger than this program takes", a, b);
    return a * b;
}

void *allocate(size_t count, size_t size)
{
    size_t bytes = checked_product(count, size);
    Block *block = calloc(1, sizeof(Block) + (bytes ? bytes : 1));
    if (block == NULL)
        stop(UNSUPPORTED, "no memory for %zu bytes", bytes);
    block->next = blocks;
    blocks = block;
    return block->bytes;
}

static void release_all(void)
{
    while (blocks != NULL) {
        Block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}

Status attempt(void (*work)(const char *, const char *), const char *case_directory, const char *out_directory)
{
    ending = ANSWERED;
    reason[0] = '\0';
    if (setjmp(escape) == 0)
        work(case_directory, out_directory);
    release_all();
    return ending;
}

const char *stop_reason(void)
{
    return reason;
}
