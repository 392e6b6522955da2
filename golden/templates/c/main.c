/* The protocol refsim-exec/1: which cases to run, where the answers go, and how it ended. See README.md. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "network.h"
#include "refsim_files.h"

enum { USAGE = 64, LINE_SIZE = 2 * PATH_SIZE };

/* Draw the inputs of every chunk, run it, and hash the named sites. */
static void answer_digest(const Case *golden, const Network *network, const char *out_directory)
{
    Sha256 hash;
    uint8_t digest[32];
    int64_t values[32];
    uint64_t state = golden->seed;
    sha256_start(&hash);
    for (int64_t chunk = 0; chunk < golden->chunks; chunk++) {
        for (const Draw *draw = golden->draws; draw != NULL; draw = draw->next) {
            const Tensor *tensor = draw->input->tensor;
            draw_integers(&state, draw->low, draw->high, tensor->count, tensor->values);
        }
        run_network(network);
        for (const Name *over = golden->hashed; over != NULL; over = over->next) {
            const Site *site = find_site(network, over->name);
            if (site == NULL || site->input != NULL)
                stop(REJECTED, "%s: the digest runs over it, but no node gives it", over->name);
            sha256_add_tensor(&hash, &site->record);
        }
    }
    sha256_finish(&hash, digest);
    for (int i = 0; i < 32; i++)
        values[i] = digest[i];
    write_npy(out_directory, &(Tensor){NULL, "digest", &TYPES[TYPE_UINT8], {1, {32}}, 32, values});
}

static void answer(const char *case_directory, const char *out_directory)
{
    const Case *golden = read_case(case_directory);
    Network *network = build_network(golden);
    if (mkdir(out_directory, 0777) != 0 && errno != EEXIST)
        stop(FAILED, "%s: cannot be made: %s", out_directory, strerror(errno));
    if (golden->is_digest) {
        answer_digest(golden, network, out_directory);
        return;
    }
    run_network(network);
    for (const Site *site = network->sites; site != NULL; site = site->next)
        if (site->input == NULL)
            write_npy(out_directory, &site->record);
}

static void print_capabilities(void)
{
    printf("{\"protocol\": \"refsim-exec/1\", \"operators\": [");
    for (const Operator *each = OPERATORS; each->name != NULL; each++)
        printf("%s\"%s\"", each == OPERATORS ? "" : ", ", each->name);
    printf("], \"requires\": [\"samples\", \"digest\", \"reject\"], \"batch\": true}\n");
}

static const char *status_word(Status status)
{
    return status == ANSWERED      ? "answered"
           : status == UNSUPPORTED ? "unsupported"
           : status == REJECTED    ? "rejected"
                                   : "failed";
}

/* One line of JSON; what JSON would have to escape becomes a space. */
static void print_status(Status status, const char *reason)
{
    printf("{\"status\": \"%s\"", status_word(status));
    if (status != ANSWERED) {
        printf(", \"reason\": \"");
        for (const char *c = reason; *c != '\0'; c++)
            putchar(*c < ' ' || *c > '~' || *c == '"' || *c == '\\' ? ' ' : *c);
        putchar('"');
    }
    printf("}\n");
    fflush(stdout);
}

static int run_batch(void)
{
    static char line[LINE_SIZE];
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t length = strcspn(line, "\n");
        char *tab = strchr(line, '\t');
        if (line[length] != '\n' && !feof(stdin)) {
            print_status(FAILED, "a line too long");
            return FAILED;
        }
        line[length] = '\0';
        if (tab == NULL) {
            print_status(FAILED, "expected CASE_DIR, a tab and OUT_DIR");
            continue;
        }
        *tab = '\0';
        Status status = attempt(answer, line, tab + 1);
        print_status(status, stop_reason());
    }
    return 0;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--capabilities") == 0) {
        print_capabilities();
        return 0;
    }
    if (count == 2 && strcmp(arguments[1], "batch") == 0)
        return run_batch();
    if (count == 6 && strcmp(arguments[1], "run") == 0 && strcmp(arguments[2], "--case") == 0 &&
        strcmp(arguments[4], "--out") == 0) {
        Status status = attempt(answer, arguments[3], arguments[5]);
        if (status != ANSWERED)
            fprintf(stderr, "%s\n", stop_reason());
        return status;
    }
    fprintf(stderr, "usage: %s --capabilities | run --case DIR --out DIR | batch\n", arguments[0]);
    return USAGE;
}
