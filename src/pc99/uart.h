/* The 16550 serial port, output only: a driver, which reaches the hardware through platform.h.
 *
 * No wait is unbounded: a port that does not take a byte within UART_PATIENCE looks is given up for
 * this byte, so a missing or stuck device costs text and never the kernel.
 */
#ifndef PC99_UART_H
#define PC99_UART_H

#include <stddef.h>
#include <stdint.h>

enum { UART_COM1 = 0x3f8, UART_COM2 = 0x2f8, UART_PATIENCE = 100000 };

/* 115200 baud, 8 data bits, no parity, FIFOs on, no interrupts. */
void uart_init(uint16_t port);

/* Sends the bytes; returns how many were taken, in order. */
size_t uart_write(uint16_t port, const char *bytes, size_t size);

#endif
