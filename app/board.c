/* board.c - the list of boards; see board.h. */
#include "app/board.h"
#include <stdio.h>
#include <string.h>

static const struct app_board *const boards[] = { &app_board_virt, &app_board_pc };

const struct app_board *app_board_find(const char *name)
{
    for (u32 i = 0; i < COUNT(boards); i++)
        if (!strcmp(boards[i]->name, name))
            return boards[i];
    return NULL;
}

void app_boards_print(void)
{
    printf("Supported machines are:\n");
    for (u32 i = 0; i < COUNT(boards); i++)
        printf("%-20s %s\n", boards[i]->name, boards[i]->text);
}

void app_boards_list(char *out, u32 size)
{
    *out = 0;
    for (u32 i = 0; i < COUNT(boards); i++) {
        strncat(out, i ? ", " : "", size - strlen(out) - 1);
        strncat(out, boards[i]->name, size - strlen(out) - 1);
    }
}
