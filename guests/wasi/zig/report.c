/* Tells what a program built for WASI sees of its host: report FILE [WORD…]. */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int by_name(const void *one, const void *other) {
    return strcmp(*(char *const *)one, *(char *const *)other);
}

/* Reads at most as many bytes as there is room for, and ends them with a zero. */
static int read_file(const char *path, char *out, size_t room) {
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    size_t length = fread(out, 1, room - 1, file);
    int failed = ferror(file);
    out[length] = 0;
    fclose(file);
    return failed ? -1 : (int)length;
}

static void list(const char *file) {
    char parent[512];
    char *names[64];
    int count = 0;
    snprintf(parent, sizeof parent, "%s", file);
    DIR *directory = opendir(dirname(parent));
    printf("directory:");
    if (!directory) {
        printf(" none\n");
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory)) && count < 64;)
        names[count++] = strdup(entry->d_name);
    closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    for (int at = 0; at < count; at++) printf(" %s", names[at]);
    printf("\n");
}

/* Writes the content beside the file, in two pieces, and reads it back. */
static int copy(const char *file, const char *content, int length, char *back, size_t room) {
    char path[520];
    snprintf(path, sizeof path, "%s.copy", file);
    FILE *out = fopen(path, "w");
    if (!out) return -1;
    int half = length / 2;
    int bad = fwrite(content, 1, half, out) != (size_t)half || fflush(out);
    bad |= fwrite(content + half, 1, length - half, out) != (size_t)(length - half);
    bad |= fclose(out);
    return bad ? -1 : read_file(path, back, room);
}

int main(int count, char **arguments) {
    char content[256], back[256];
    const char *file = count > 1 ? arguments[1] : "";
    printf("arguments:");
    for (int at = 2; at < count; at++) printf(" %s", arguments[at]);
    const char *zone = getenv("TZ");
    printf("\nTZ: %s\n", zone ? zone : "none");
    int length = read_file(file, content, sizeof content);
    printf("file: %s\n", length < 0 ? "none" : content);
    list(file);
    int copied = length < 0 ? -1 : copy(file, content, length, back, sizeof back);
    printf("copy: %s\n", copied < 0 ? "none" : back);
    fprintf(stderr, "not yet asked: time and chance\n");
    struct timespec now;
    int known = clock_gettime(CLOCK_REALTIME, &now) == 0;
    printf("time: %s\n", !known ? "none" : now.tv_sec > 1600000000 ? "now" : "long ago");
    unsigned char drawn[16];
    printf("random: %s\n", getentropy(drawn, sizeof drawn) ? "none" : "16");
    fprintf(stderr, "done\n");
    return 7;
}
