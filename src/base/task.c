/* Lines of tasks; see task.h. */
#include "base/task.h"

void task_join(struct rescind_kernel *k, uint16_t *line, uint32_t number)
{
    struct task *task = task_at(k, number);
    uint16_t name = (uint16_t)(number + 1);

    if (*line == 0) {
        *line = name;
        task->next = task->prev = name;
        return;
    }
    struct task *first = task_at(k, *line - 1);
    task->next = *line;
    task->prev = first->prev;
    task_at(k, first->prev - 1)->next = name;
    first->prev = name;
}

void task_leave(struct rescind_kernel *k, uint16_t *line, uint32_t number)
{
    struct task *task = task_at(k, number);
    uint16_t name = (uint16_t)(number + 1);

    KERNEL_ASSERT(*line != 0 && task->next != 0);
    if (task->next == name) {
        *line = 0;
    } else {
        task_at(k, task->next - 1)->prev = task->prev;
        task_at(k, task->prev - 1)->next = task->next;
        if (*line == name)
            *line = (uint16_t)task->next;
    }
    task->next = task->prev = 0;
}

void task_wake_all(struct rescind_kernel *k, uint16_t *line)
{
    if (k->ready == 0) {
        k->ready = *line;
    } else {
        struct task *ready = task_at(k, k->ready - 1);
        struct task *woken = task_at(k, *line - 1);
        uint32_t ready_last = ready->prev, woken_last = woken->prev;

        task_at(k, ready_last - 1)->next = *line;
        woken->prev = ready_last;
        task_at(k, woken_last - 1)->next = k->ready;
        ready->prev = woken_last;
    }
    *line = 0;
}

int32_t task_first(uint16_t line)
{
    return (int32_t)line - 1;
}

int32_t task_after(const struct rescind_kernel *k, uint16_t line, uint32_t number)
{
    uint32_t next = task_at(k, number)->next;

    return next == line ? -1 : (int32_t)next - 1;
}
