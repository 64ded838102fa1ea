/* Programs that misbehave. See rogue.h. */
#include "user/rogue.h"

#include "dtu/ring.h"
#include "user/pc_area.h"
#include "user/say.h"

/* Long enough for many turns of a millisecond. */
enum { SPIN_ROUNDS = 100000000, SPIN_SHORT = 20000000, FLOOD_ROUNDS = 16 };

static const uintptr_t kernel_address = 0xffffffff80110000;
static const uintptr_t no_address = 0x0000900000000000;

static void spin_for(uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++) {
        __asm__ volatile("");
    }
}

static int spin(struct rescind_env *env)
{
    rescind_print(env, "spins\n", 6);
    spin_for(SPIN_ROUNDS);
    return rescind_print(env, "spun\n", 5) == RESCIND_NO_ERROR ? 0 : 1;
}

static int spin_forever(struct rescind_env *env)
{
    (void)env;
    spin_for(UINT64_MAX); /* a century or two */
    return 0;             /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int write_at(uintptr_t address)
{
    *(volatile uint64_t *)address = 0;
    return 0;
}

static int write_null(struct rescind_env *env)
{
    uintptr_t address = 0;

    (void)env;
    __asm__("" : "+r"(address)); /* so that no compiler knows */
    return write_at(address);
}

static int read_kernel(struct rescind_env *env)
{
    (void)env;
    return *(volatile int *)kernel_address & 0;
}

static int write_kernel(struct rescind_env *env)
{
    (void)env;
    return write_at(kernel_address);
}

static int write_text(struct rescind_env *env)
{
    (void)env;
    return write_at(PC_IMAGE);
}

static int write_module(struct rescind_env *env)
{
    (void)env;
    return write_at(PC_MODULE);
}

static int run_data(struct rescind_env *env)
{
    volatile uint8_t code[] = {0xc3};

    (void)env;
    ((void (*)(void))(uintptr_t)code)();
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int invalid(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("ud2");
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int clear_interrupts(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("cli");
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int write_port(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("outb %%al, $0xf4" : : "a"(0));
    return 0;
}

static int interrupt(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("int $0x20");
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int divide(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0));
    return 0;
}

static int use_sse(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("xorps %xmm0, %xmm0");
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int use_x87(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("fldz");
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int set_trap_flag(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" : : : "cc", "memory");
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int jump(struct rescind_env *env)
{
    (void)env;
    ((void (*)(void))no_address)();
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int overflow_stack(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("1: pushq %rax; jmp 1b");
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int lose_stack(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("movq %0, %%rsp; xorl %%edi, %%edi; syscall; pushq %%rax"
                     :
                     : "r"(kernel_address)
                     : "rcx", "r11", "rax", "rdi", "rsi", "rdx", "r8", "r9", "r10");
    return 0;
}

static void scribble(struct rescind_env *env)
{
    *(volatile uint32_t *)&env->syscalls->head = 0xffffffff;
    *(volatile uint32_t *)&env->syscalls->tail = 0x7fffffff;
    *(volatile uint32_t *)&env->syscalls->slot_size = 0;
    *(volatile uint32_t *)&env->replies->head = 0xfffffff0;
}

static int scribble_ring(struct rescind_env *env)
{
    scribble(env);
    env->wait(env, false);
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int scribble_silently(struct rescind_env *env)
{
    scribble(env);
    spin_for(SPIN_SHORT);
    return 0; /* LCOV_EXCL_LINE: it has been ended, or is still at it */
}

static int flood(struct rescind_env *env)
{
    const struct rescind_header header = {.reply_ep = RESCIND_EP_REPLY, .length = 8};
    const uint64_t noop = RESCIND_SYS_NOOP;

    for (int i = 0; i < FLOOD_ROUNDS; i++) {
        while (ring_send(env->syscalls, &header, &noop) == RESCIND_NO_ERROR) {
        }
        env->wait(env, false);
    }
    return 0;
}

/* The words of a ring's page behind the ring. */
enum { LEFT_FROM = RING_BYTES / 8, LEFT_TO = RESCIND_PAGE / 8 };

static int leave_text(struct rescind_env *env)
{
    for (size_t i = LEFT_FROM; i < LEFT_TO; i++) {
        ((volatile uint64_t *)env->syscalls)[i] = i;
        ((volatile uint64_t *)env->replies)[i] = i;
    }
    return 0;
}

static int find_text(struct rescind_env *env)
{
    uint64_t found = 0;

    for (size_t i = LEFT_FROM; i < LEFT_TO; i++) {
        found |= ((volatile uint64_t *)env->syscalls)[i];
        found |= ((volatile uint64_t *)env->replies)[i];
    }
    return found == 0 ? 0 : 1;
}

/* ---- With memory -------------------------------------------------------------------------- */

enum { SEL_MEMORY = 50, PAGES = 2, TABLE_PAGES = 512, MANY = 20 };
enum { READ = RESCIND_PERM_R, WRITE = RESCIND_PERM_W, RUN = RESCIND_PERM_X };

static uintptr_t address_of(uint32_t page)
{
    return (uintptr_t)page * RESCIND_PAGE;
}

/* Two pages of its own, seen with `perms` from the first virtual page on. */
static bool map(struct rescind_env *env, uint32_t perms)
{
    return rescind_reqmem(env, SEL_MEMORY, RESCIND_ANY_ADDR, PAGES * RESCIND_PAGE,
                          READ | WRITE | RUN) == RESCIND_NO_ERROR &&
           rescind_createmap(env, RESCIND_SEL_VPE, SEL_MEMORY, 0, PAGES, RESCIND_MAP_FIRST,
                             perms) == RESCIND_NO_ERROR;
}

static int read_at(uintptr_t address)
{
    return *(volatile int *)address & 0;
}

static int read_unmapped(struct rescind_env *env)
{
    (void)env;
    return read_at(address_of(RESCIND_MAP_FIRST));
}

static int read_past_end(struct rescind_env *env)
{
    if (!map(env, READ) || read_at(address_of(RESCIND_MAP_FIRST + PAGES) - 8) != 0) {
        return 1; /* LCOV_EXCL_LINE: there is memory, and nothing is in the way */
    }
    return read_at(address_of(RESCIND_MAP_FIRST + PAGES));
}

static int write_behind_revoke(struct rescind_env *env, struct rescind_range range)
{
    if (!map(env, READ | WRITE) || write_at(address_of(RESCIND_MAP_FIRST)) != 0 ||
        rescind_revoke(env, range, true) != RESCIND_NO_ERROR) {
        return 1; /* LCOV_EXCL_LINE: there is memory, and nothing is in the way */
    }
    return write_at(address_of(RESCIND_MAP_FIRST));
}

static int write_unmapped(struct rescind_env *env)
{
    return write_behind_revoke(
        env,
        (struct rescind_range){.type = RESCIND_TABLE_MAP, .start = RESCIND_MAP_FIRST, .count = 1});
}

static int write_revoked(struct rescind_env *env)
{
    return write_behind_revoke(env, one(SEL_MEMORY));
}

static int write_read_only(struct rescind_env *env)
{
    if (!map(env, READ) || read_at(address_of(RESCIND_MAP_FIRST)) != 0) {
        return 1; /* LCOV_EXCL_LINE: there is memory, and nothing is in the way */
    }
    return write_at(address_of(RESCIND_MAP_FIRST));
}

static int read_write_only(struct rescind_env *env)
{
    return map(env, WRITE) ? read_at(address_of(RESCIND_MAP_FIRST)) : 1;
}

static int run_mapped(struct rescind_env *env, uint32_t perms)
{
    volatile uint8_t *code = (volatile uint8_t *)address_of(RESCIND_MAP_FIRST);

    if (!map(env, perms)) {
        return 1;
    }
    *code = 0xc3;
    ((void (*)(void))(uintptr_t)code)();
    return 0;
}

static int run_mapped_data(struct rescind_env *env)
{
    return run_mapped(env, READ | WRITE);
}

static int run_mapped_code(struct rescind_env *env)
{
    return run_mapped(env, READ | WRITE | RUN);
}

static void recover_at(uintptr_t address)
{
    ((volatile struct pc_area *)PC_AREA)->recover = address;
}

static int recover_not(struct rescind_env *env)
{
    recover_at((uintptr_t)recover_not);
    return write_null(env);
}

static int recover_in_kernel(struct rescind_env *env)
{
    recover_at(kernel_address);
    return read_unmapped(env);
}

static int recover_wildly(struct rescind_env *env)
{
    recover_at(no_address);
    return read_unmapped(env);
}

/* Each page of its memory where another page table is needed. */
static bool map_everywhere(struct rescind_env *env)
{
    bool good = rescind_reqmem(env, SEL_MEMORY, RESCIND_ANY_ADDR, MANY * RESCIND_PAGE,
                               READ | WRITE) == RESCIND_NO_ERROR;

    for (uint32_t i = 0; i < MANY && good; i++) {
        good = rescind_createmap(env, RESCIND_SEL_VPE, SEL_MEMORY, i, 1,
                                 RESCIND_MAP_FIRST + i * TABLE_PAGES,
                                 READ | WRITE) == RESCIND_NO_ERROR;
    }
    return good;
}

static int look_everywhere(struct rescind_env *env)
{
    enum rescind_error after = RESCIND_NO_ERROR;
    uint64_t value = 0;
    bool good = map_everywhere(env);

    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < MANY && good; i++) {
            uint64_t address = address_of(RESCIND_MAP_FIRST + i * TABLE_PAGES);

            good = rescind_load(env, address, &value) == RESCIND_NO_ERROR &&
                   value == (round == 0 ? 0 : address) &&
                   rescind_store(env, address, address) == RESCIND_NO_ERROR;
        }
    }
    good = good && rescind_revoke(env, one(SEL_MEMORY), true) == RESCIND_NO_ERROR;
    for (uint32_t i = 0; i < MANY && good; i++) {
        after = rescind_load(env, address_of(RESCIND_MAP_FIRST + i * TABLE_PAGES), &value);
        good = after == RESCIND_NO_MAPPING;
    }
    return good ? 0 : 1;
}

static int read_forever(struct rescind_env *env)
{
    if (rescind_createmap(env, RESCIND_SEL_VPE, ROGUE_MEMORY, 0, 1, RESCIND_MAP_FIRST, READ) !=
        RESCIND_NO_ERROR) {
        return 1;
    }
    for (;;) {
        read_at(address_of(RESCIND_MAP_FIRST));
    }
}

/* ---- What ring 3 may not do ---------------------------------------------------------------- */

/* A program that is one piece of assembly; behind it, nothing comes back. */
#define ROGUE_ASM(name, ...)                                                                       \
    static int name(struct rescind_env *env)                                                       \
    {                                                                                              \
        (void)env;                                                                                 \
        __asm__ volatile(__VA_ARGS__);                                                             \
        return 0;                                                                                  \
    }

enum { KERNEL_CODE = 0x08, TASK = 0x30 }; /* selectors: pc99/layout.h */
static const uint16_t no_table[5];

ROGUE_ASM(halt, "hlt")
ROGUE_ASM(read_msr, "rdmsr" : : "c"(0xc0000080) : "rax", "rdx")
ROGUE_ASM(write_msr, "wrmsr" : : "a"(0), "d"(0), "c"(0xc0000082))
ROGUE_ASM(read_cr3, "movq %%cr3, %%rax" : : : "rax")
ROGUE_ASM(write_cr3, "movq %0, %%cr3" : : "r"((uint64_t)0x1000))
ROGUE_ASM(write_dr7, "movq %0, %%dr7" : : "r"((uint64_t)1))
ROGUE_ASM(load_gdt, "lgdt %0" : : "m"(no_table))
ROGUE_ASM(load_task, "ltr %w0" : : "r"(TASK))
ROGUE_ASM(swap_gs, "swapgs")
ROGUE_ASM(write_gs, "wrgsbase %0" : : "r"(kernel_address))
ROGUE_ASM(read_port, "inb $0x60, %%al" : : : "rax")
ROGUE_ASM(read_counter, "rdpmc" : : "c"(0) : "rax", "rdx")
ROGUE_ASM(soft_int, "int $3")
ROGUE_ASM(soft_int_80, "int $0x80")
ROGUE_ASM(sysenter, "sysenter")
ROGUE_ASM(sysret, "sysretq" : : "c"(kernel_address))
ROGUE_ASM(iret, "pushq $0; pushq %1; pushq $2; pushq %0; pushq %1; iretq"
          :
          : "r"((uint64_t)KERNEL_CODE), "r"(kernel_address)
          : "memory")
ROGUE_ASM(far, "pushq %0; pushq %1; lretq"
          :
          : "r"((uint64_t)KERNEL_CODE), "r"(kernel_address)
          : "memory")

static int read_direct(struct rescind_env *env)
{
    (void)env;
    return *(volatile int *)(uintptr_t)0xffff800000100000 & 0;
}

static int read_apic(struct rescind_env *env)
{
    (void)env;
    return *(volatile int *)(uintptr_t)0xffff8000fee00020 & 0;
}

static int read_stacks(struct rescind_env *env)
{
    (void)env;
    return *(volatile int *)(uintptr_t)0xffffffff80201ff8 & 0;
}

static int write_between_rings(struct rescind_env *env)
{
    (void)env;
    return write_at(PC_SYSCALLS + RESCIND_PAGE);
}

/* NT, AC, DF and IOPL as far as it goes, null segments, and whatever comes in registers. */
static int spoil_state(struct rescind_env *env)
{
    uint64_t all = ~(uint64_t)0;

    (void)env;
    __asm__ volatile("pushfq; orq $0x47400, (%%rsp); popfq\n\t"
                     "movw %w1, %%ds; movw %w1, %%es; movw %w1, %%fs; movw %w1, %%gs\n\t"
                     "movq %0, %%rax; movq %0, %%rdx; movq %0, %%rsi; movq %0, %%r8\n\t"
                     "movq %0, %%r9; movq %0, %%r10; movq %0, %%r12; movq %0, %%r13\n\t"
                     "movq %0, %%r14; movq %0, %%r15; movq %0, %%rdi; syscall\n\t"
                     "cld; pushfq; andq $~0x44000, (%%rsp); popfq"
                     :
                     : "b"(all), "a"(0)
                     : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "cc", "memory");
    return 0;
}

static int spoil_area(struct rescind_env *env)
{
    volatile uint8_t *area = (volatile uint8_t *)PC_AREA;

    (void)env;
    for (size_t i = 0; i < sizeof(struct pc_area); i++)
        area[i] = 0xff;
    return 0;
}

/* ---- What keeps the machine busy ----------------------------------------------------------- */

enum { BUSY_ROUNDS = 1000, BUSY_GATE = 100, BUSY_DEPTH = 1000, WORK_ROUNDS = 1000, TEXT = 400 };

static bool is_enough(void)
{
    return ((const volatile uint8_t *)PC_SIGNALS)[ROGUE_ENOUGH] != 0;
}

static int busy_compute(struct rescind_env *env)
{
    (void)env;
    while (!is_enough()) {
        spin_for(BUSY_ROUNDS);
    }
    return 0;
}

static int busy_call(struct rescind_env *env)
{
    while (!is_enough()) {
        rescind_noop(env);
    }
    return 0;
}

static int busy_ring(struct rescind_env *env)
{
    while (!is_enough()) {
        env->wait(env, false);
    }
    return 0;
}

static int busy_print(struct rescind_env *env)
{
    char text[TEXT];

    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 80 == 79 ? '\n' : 'a';
    }
    while (!is_enough()) {
        rescind_print(env, text, sizeof text);
    }
    return 0;
}

static void grow(struct rescind_env *env, uint32_t from, uint32_t to)
{
    rescind_exchange(env, RESCIND_SEL_VPE, one(from), one(to), false);
}

static int busy_tree(struct rescind_env *env)
{
    rescind_creategate(env, RESCIND_SEL_VPE, BUSY_GATE, 1, RESCIND_EP_FREE, 1);
    while (!is_enough()) {
        for (uint32_t i = 0; i < BUSY_DEPTH; i++) {
            grow(env, BUSY_GATE + i, BUSY_GATE + i + 1);
        }
        rescind_revoke(env, one(BUSY_GATE), false);
    }
    return 0;
}

static int busy_memory(struct rescind_env *env)
{
    while (!is_enough() && map(env, READ | WRITE)) {
        write_at(address_of(RESCIND_MAP_FIRST));
        rescind_revoke(env, one(SEL_MEMORY), true);
    }
    return 0;
}

static int busy_fault(struct rescind_env *env)
{
    uint64_t value;

    while (!is_enough()) {
        rescind_load(env, address_of(RESCIND_MAP_FIRST), &value);
    }
    return 0;
}

static int busy_signal(struct rescind_env *env)
{
    while (!is_enough()) {
        ((volatile struct pc_area *)PC_AREA)->signalled = 1;
        env->wait(env, false);
    }
    return 0;
}

static int busy_peer(struct rescind_env *env)
{
    while (!is_enough()) {
        rescind_exchange(env, ROGUE_OTHER, one(BUSY_GATE), one(RESCIND_SEL_VPE), true);
        rescind_revoke(env, one(BUSY_GATE), true);
    }
    return 0;
}

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static int work(struct rescind_env *env)
{
    uint64_t start = ticks();

    for (uint32_t i = 0; i < WORK_ROUNDS; i++) {
        rescind_noop(env);
        spin_for(BUSY_ROUNDS);
    }
    say_number(env, "ticks:", ticks() - start);
    return 0;
}

rescind_program *const rogue_programs[ROGUE_COUNT] = {
    [ROGUE_SPIN] = spin,
    [ROGUE_SPIN_FOREVER] = spin_forever,
    [ROGUE_NULL] = write_null,
    [ROGUE_READ_KERNEL] = read_kernel,
    [ROGUE_WRITE_KERNEL] = write_kernel,
    [ROGUE_WRITE_TEXT] = write_text,
    [ROGUE_WRITE_MODULE] = write_module,
    [ROGUE_RUN_DATA] = run_data,
    [ROGUE_INVALID] = invalid,
    [ROGUE_CLI] = clear_interrupts,
    [ROGUE_PORT] = write_port,
    [ROGUE_INTERRUPT] = interrupt,
    [ROGUE_DIVIDE] = divide,
    [ROGUE_SSE] = use_sse,
    [ROGUE_X87] = use_x87,
    [ROGUE_TRAP_FLAG] = set_trap_flag,
    [ROGUE_JUMP] = jump,
    [ROGUE_STACK] = overflow_stack,
    [ROGUE_NO_STACK] = lose_stack,
    [ROGUE_RING] = scribble_ring,
    [ROGUE_RING_SILENT] = scribble_silently,
    [ROGUE_FLOOD] = flood,
    [ROGUE_UNMAPPED] = read_unmapped,
    [ROGUE_PAST_END] = read_past_end,
    [ROGUE_UNMAP] = write_unmapped,
    [ROGUE_REVOKED] = write_revoked,
    [ROGUE_READ_ONLY] = write_read_only,
    [ROGUE_WRITE_ONLY] = read_write_only,
    [ROGUE_RUN_MAPPED] = run_mapped_data,
    [ROGUE_RUN_CODE] = run_mapped_code,
    [ROGUE_RECOVER_NOT] = recover_not,
    [ROGUE_RECOVER_KERNEL] = recover_in_kernel,
    [ROGUE_RECOVER_WILD] = recover_wildly,
    [ROGUE_MANY_TABLES] = look_everywhere,
    [ROGUE_LEAVE_TEXT] = leave_text,
    [ROGUE_FIND_TEXT] = find_text,
    [ROGUE_HALT] = halt,
    [ROGUE_READ_MSR] = read_msr,
    [ROGUE_WRITE_MSR] = write_msr,
    [ROGUE_READ_CR3] = read_cr3,
    [ROGUE_WRITE_CR3] = write_cr3,
    [ROGUE_WRITE_DR7] = write_dr7,
    [ROGUE_LOAD_GDT] = load_gdt,
    [ROGUE_LOAD_TASK] = load_task,
    [ROGUE_SWAP_GS] = swap_gs,
    [ROGUE_WRITE_GS] = write_gs,
    [ROGUE_READ_PORT] = read_port,
    [ROGUE_COUNTER] = read_counter,
    [ROGUE_SOFT_INT] = soft_int,
    [ROGUE_SOFT_INT_80] = soft_int_80,
    [ROGUE_SYSENTER] = sysenter,
    [ROGUE_SYSRET] = sysret,
    [ROGUE_IRET] = iret,
    [ROGUE_FAR] = far,
    [ROGUE_DIRECT] = read_direct,
    [ROGUE_APIC] = read_apic,
    [ROGUE_STACKS] = read_stacks,
    [ROGUE_RINGS] = write_between_rings,
    [ROGUE_STATE] = spoil_state,
    [ROGUE_AREA] = spoil_area,
    [ROGUE_READ_FOREVER] = read_forever,
    [ROGUE_BUSY_COMPUTE] = busy_compute,
    [ROGUE_BUSY_CALL] = busy_call,
    [ROGUE_BUSY_RING] = busy_ring,
    [ROGUE_BUSY_PRINT] = busy_print,
    [ROGUE_BUSY_TREE] = busy_tree,
    [ROGUE_BUSY_MEMORY] = busy_memory,
    [ROGUE_BUSY_FAULT] = busy_fault,
    [ROGUE_BUSY_SIGNAL] = busy_signal,
    [ROGUE_BUSY_PEER] = busy_peer,
    [ROGUE_WORK] = work,
};
