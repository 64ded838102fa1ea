/* The screen's letters: 8 by 16 pixels each, a byte a row, its highest bit the leftmost pixel.
 * From u_vga16.bdf as Debian's package console-setup-linux has it (Lat15-VGA16.psf); the last one,
 * which stands for whatever has no letter, is this file's own.
 *
 * Copyright (c) 2000, 2001 by Dmitry Bolkhovityanov. All Rights Reserved.
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
 * associated documentation files (the "Software"), to deal in the Software without restriction,
 * including without limitation the rights to use, copy, modify, merge, publish, distribute,
 * sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all copies or
 * substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
 * NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
 * NONINFRINGEMENT. IN NO EVENT SHALL THE XFREE86 PROJECT BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
 * CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 *
 * Except as contained in this notice, the name of Dmitry Bolkhovityanov shall not be used in
 * advertising or otherwise to promote the sale, use or other dealings in this Software without
 * prior written authorization from the Dmitry Bolkhovityanov.
 */
#include "pc99/font.h"

const uint64_t font_rows[FONT_GLYPHS][2] = {
    {0x0000000000000000, 0x0000000000000000}, /* ' ' */
    {0x0000183c3c3c1818, 0x1800181800000000}, /* '!' */
    {0x0066666624000000, 0x0000000000000000}, /* '"' */
    {0x0000006c6cfe6c6c, 0x6cfe6c6c00000000}, /* '#' */
    {0x18187cc6c2c07c06, 0x0686c67c18180000}, /* '$' */
    {0x00000000c2c60c18, 0x3060c68600000000}, /* '%' */
    {0x0000386c6c3876dc, 0xcccccc7600000000}, /* '&' */
    {0x0030303020000000, 0x0000000000000000}, /* ' */
    {0x00000c1830303030, 0x3030180c00000000}, /* '(' */
    {0x000030180c0c0c0c, 0x0c0c183000000000}, /* ')' */
    {0x0000000000663cff, 0x3c66000000000000}, /* '*' */
    {0x000000000018187e, 0x1818000000000000}, /* '+' */
    {0x0000000000000000, 0x0018181830000000}, /* ',' */
    {0x00000000000000fe, 0x0000000000000000}, /* '-' */
    {0x0000000000000000, 0x0000181800000000}, /* '.' */
    {0x0000000002060c18, 0x3060c08000000000}, /* '/' */
    {0x0000386cc6c6d6d6, 0xc6c66c3800000000}, /* '0' */
    {0x0000183878181818, 0x1818187e00000000}, /* '1' */
    {0x00007cc6060c1830, 0x60c0c6fe00000000}, /* '2' */
    {0x00007cc606063c06, 0x0606c67c00000000}, /* '3' */
    {0x00000c1c3c6cccfe, 0x0c0c0c1e00000000}, /* '4' */
    {0x0000fec0c0c0fc06, 0x0606c67c00000000}, /* '5' */
    {0x00003860c0c0fcc6, 0xc6c6c67c00000000}, /* '6' */
    {0x0000fec606060c18, 0x3030303000000000}, /* '7' */
    {0x00007cc6c6c67cc6, 0xc6c6c67c00000000}, /* '8' */
    {0x00007cc6c6c67e06, 0x06060c7800000000}, /* '9' */
    {0x0000000018180000, 0x0018180000000000}, /* ':' */
    {0x0000000018180000, 0x0018183000000000}, /* ';' */
    {0x000000060c183060, 0x30180c0600000000}, /* '<' */
    {0x00000000007e0000, 0x7e00000000000000}, /* '=' */
    {0x0000006030180c06, 0x0c18306000000000}, /* '>' */
    {0x00007cc6c60c1818, 0x1800181800000000}, /* '?' */
    {0x0000007cc6c6dede, 0xdedcc07c00000000}, /* '@' */
    {0x000010386cc6c6fe, 0xc6c6c6c600000000}, /* 'A' */
    {0x0000fc6666667c66, 0x666666fc00000000}, /* 'B' */
    {0x00003c66c2c0c0c0, 0xc0c2663c00000000}, /* 'C' */
    {0x0000f86c66666666, 0x66666cf800000000}, /* 'D' */
    {0x0000fe6662687868, 0x606266fe00000000}, /* 'E' */
    {0x0000fe6662687868, 0x606060f000000000}, /* 'F' */
    {0x00003c66c2c0c0de, 0xc6c6663a00000000}, /* 'G' */
    {0x0000c6c6c6c6fec6, 0xc6c6c6c600000000}, /* 'H' */
    {0x00003c1818181818, 0x1818183c00000000}, /* 'I' */
    {0x00001e0c0c0c0c0c, 0xcccccc7800000000}, /* 'J' */
    {0x0000e666666c7878, 0x6c6666e600000000}, /* 'K' */
    {0x0000f06060606060, 0x606266fe00000000}, /* 'L' */
    {0x0000c6eefefed6c6, 0xc6c6c6c600000000}, /* 'M' */
    {0x0000c6e6f6fedece, 0xc6c6c6c600000000}, /* 'N' */
    {0x00007cc6c6c6c6c6, 0xc6c6c67c00000000}, /* 'O' */
    {0x0000fc6666667c60, 0x606060f000000000}, /* 'P' */
    {0x00007cc6c6c6c6c6, 0xc6d6de7c0c0e0000}, /* 'Q' */
    {0x0000fc6666667c6c, 0x666666e600000000}, /* 'R' */
    {0x00007cc6c660380c, 0x06c6c67c00000000}, /* 'S' */
    {0x00007e7e5a181818, 0x1818183c00000000}, /* 'T' */
    {0x0000c6c6c6c6c6c6, 0xc6c6c67c00000000}, /* 'U' */
    {0x0000c6c6c6c6c6c6, 0xc66c381000000000}, /* 'V' */
    {0x0000c6c6c6c6d6d6, 0xd6feee6c00000000}, /* 'W' */
    {0x0000c6c66c7c3838, 0x7c6cc6c600000000}, /* 'X' */
    {0x0000666666663c18, 0x1818183c00000000}, /* 'Y' */
    {0x0000fec6860c1830, 0x60c2c6fe00000000}, /* 'Z' */
    {0x00003c3030303030, 0x3030303c00000000}, /* '[' */
    {0x00000080c0e07038, 0x1c0e060200000000}, /* backslash */
    {0x00003c0c0c0c0c0c, 0x0c0c0c3c00000000}, /* ']' */
    {0x10386cc600000000, 0x0000000000000000}, /* '^' */
    {0x0000000000000000, 0x0000000000ff0000}, /* '_' */
    {0x3030180000000000, 0x0000000000000000}, /* '`' */
    {0x0000000000780c7c, 0xcccccc7600000000}, /* 'a' */
    {0x0000e06060786c66, 0x6666667c00000000}, /* 'b' */
    {0x00000000007cc6c0, 0xc0c0c67c00000000}, /* 'c' */
    {0x00001c0c0c3c6ccc, 0xcccccc7600000000}, /* 'd' */
    {0x00000000007cc6fe, 0xc0c0c67c00000000}, /* 'e' */
    {0x0000386c6460f060, 0x606060f000000000}, /* 'f' */
    {0x000000000076cccc, 0xcccccc7c0ccc7800}, /* 'g' */
    {0x0000e060606c7666, 0x666666e600000000}, /* 'h' */
    {0x0000181800381818, 0x1818183c00000000}, /* 'i' */
    {0x00000606000e0606, 0x0606060666663c00}, /* 'j' */
    {0x0000e06060666c78, 0x786c66e600000000}, /* 'k' */
    {0x0000381818181818, 0x1818183c00000000}, /* 'l' */
    {0x0000000000ecfed6, 0xd6d6d6c600000000}, /* 'm' */
    {0x0000000000dc6666, 0x6666666600000000}, /* 'n' */
    {0x00000000007cc6c6, 0xc6c6c67c00000000}, /* 'o' */
    {0x0000000000dc6666, 0x6666667c6060f000}, /* 'p' */
    {0x000000000076cccc, 0xcccccc7c0c0c1e00}, /* 'q' */
    {0x0000000000dc7666, 0x606060f000000000}, /* 'r' */
    {0x00000000007cc660, 0x380cc67c00000000}, /* 's' */
    {0x0000103030fc3030, 0x3030361c00000000}, /* 't' */
    {0x0000000000cccccc, 0xcccccc7600000000}, /* 'u' */
    {0x0000000000666666, 0x66663c1800000000}, /* 'v' */
    {0x0000000000c6c6d6, 0xd6d6fe6c00000000}, /* 'w' */
    {0x0000000000c66c38, 0x38386cc600000000}, /* 'x' */
    {0x0000000000c6c6c6, 0xc6c6c67e060cf800}, /* 'y' */
    {0x0000000000fecc18, 0x3060c6fe00000000}, /* 'z' */
    {0x00000e1818187018, 0x1818180e00000000}, /* '{' */
    {0x0000181818181818, 0x1818181800000000}, /* '|' */
    {0x0000701818180e18, 0x1818187000000000}, /* '}' */
    {0x000076dc00000000, 0x0000000000000000}, /* '~' */
    {0x0000fe8282828282, 0x828282fe00000000}, /* anything else */
};
