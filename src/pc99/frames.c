/* Physical memory. See frames.h. */
#include "pc99/frames.h"

extern const uint8_t kernel_end_of_image[];

static uint64_t page_down(uint64_t address)
{
    return address - address % PAGE_SIZE;
}

static uint64_t page_up(uint64_t address)
{
    return page_down(address + PAGE_SIZE - 1);
}

/* Takes start .. end for the frames if it is more than what they have. */
static void offer(struct frames *frames, uint64_t start, uint64_t end)
{
    start = page_up(start);
    end = page_down(end);
    if (start < end && end - start > frames->end - frames->next) {
        *frames = (struct frames){start, end};
    }
}

void frames_init(struct frames *frames, const struct loader_info *info)
{
    uint64_t image_end = (uint64_t)kernel_end_of_image - KERNEL_BASE;
    uint64_t module_end = page_up(info->module + info->module_size);

    *frames = (struct frames){0, 0};
    for (uint32_t i = 0; i < info->range_count; i++) {
        uint64_t start = info->ranges[i].start, end = info->ranges[i].end;

        start = start < image_end ? image_end : start;
        if (info->module_size == 0 || module_end <= start || info->module >= end) {
            offer(frames, start, end);
        } else {
            offer(frames, start, info->module);
            offer(frames, module_end, end);
        }
    }
}

uint64_t frames_left(const struct frames *frames)
{
    return (frames->end - frames->next) / PAGE_SIZE;
}

uint64_t frames_take_dirty(struct frames *frames, uint64_t count)
{
    uint64_t taken = frames->next;

    if (count > frames_left(frames)) {
        return 0;
    }
    frames->next += count * PAGE_SIZE;
    return taken;
}

uint64_t frames_take(struct frames *frames, uint64_t count)
{
    uint64_t taken = frames_take_dirty(frames, count);
    uint64_t *word = frames_at(taken);

    for (uint64_t i = 0; taken != 0 && i < count * (PAGE_SIZE / sizeof *word); i++) {
        word[i] = 0;
    }
    return taken;
}
