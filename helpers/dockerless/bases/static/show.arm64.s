# show FILE...  writes files to standard output, one after the other, as cat does.
#
# Linux on 64-bit ARM, no library: the whole program is in this file, its ELF header included, so that its bytes depend on
# nothing else. Assembled with GNU binutils for AArch64:
#
#   aarch64-linux-gnu-as -o show.o show.arm64.s
#   aarch64-linux-gnu-ld -Ttext=0x400000 -o show.elf show.o
#   aarch64-linux-gnu-objcopy -O binary -j .text show.elf show.arm64
#
# Exit status: 0, or 1 where a file can't be opened or read, or nothing can be written.

        .set    PLACE, 0x400000
        .set    BUFFER, 4096
        .text

file:   .byte   0x7f, 'E', 'L', 'F', 2, 1, 1, 0         // 64 bits, little-endian
        .quad   0
        .short  2, 183                                  // an executable for AArch64
        .long   1
        .quad   _start                                  // where it begins
        .quad   segments - file
        .quad   0                                       // no sections
        .long   0
        .short  64, 56, 2, 0, 0, 0                      // two segments follow

segments:
        .long   1, 5                                    // this file, readable and executable
        .quad   0, PLACE, PLACE, end - file, end - file, 0x10000
        .long   0x6474e551, 6                           // a stack that isn't executable
        .quad   0, 0, 0, 0, 0, 16

        .globl  _start
_start: ldr     x19, [sp]                               // how many words the command has
        add     x20, sp, #16                            // where the second is
        sub     sp, sp, #BUFFER
        mov     w21, #0                                 // the exit status
        subs    x19, x19, #1
        b.le    usage

next:   ldr     x22, [x20], #8                          // openat(AT_FDCWD, name, O_RDONLY)
        mov     x0, #-100
        mov     x1, x22
        mov     x2, #0
        mov     x3, #0
        mov     x8, #56
        svc     #0
        tbnz    x0, #63, cannot_open
        mov     x23, x0

more:   mov     x0, x23                                 // read(file, buffer, BUFFER)
        mov     x1, sp
        mov     x2, #BUFFER
        mov     x8, #63
        svc     #0
        cbz     x0, close
        tbnz    x0, #63, cannot_read
        mov     x24, sp
        mov     x25, x0

write:  mov     x0, #1                                  // write(1, ...), again until all of it is written
        mov     x1, x24
        mov     x2, x25
        mov     x8, #64
        svc     #0
        cmp     x0, #0
        b.le    cannot_write
        add     x24, x24, x0
        subs    x25, x25, x0
        b.ne    write
        b       more

close:  mov     x0, x23
        mov     x8, #57
        svc     #0
after:  subs    x19, x19, #1
        b.ne    next
exit:   mov     w0, w21
        mov     x8, #93
        svc     #0

cannot_open:
        adr     x1, open_text
        mov     x2, #open_end - open_text
        b       complain
cannot_read:
        adr     x1, read_text
        mov     x2, #read_end - read_text
complain:                                               // the text, the name of the file, the end of the line
        bl      say
        mov     x1, x22
        mov     x2, #0
count:  ldrb    w9, [x1, x2]
        cbz     w9, name
        add     x2, x2, #1
        b       count
name:   bl      say
        adr     x1, line_end
        mov     x2, #1
        bl      say
        mov     w21, #1
        b       after

usage:  adr     x1, usage_text
        mov     x2, #usage_end - usage_text
        b       last_words
cannot_write:
        adr     x1, write_text
        mov     x2, #write_end - write_text
last_words:
        bl      say
        mov     w21, #1
        b       exit

say:    mov     x0, #2                                  // write(2, ...)
        mov     x8, #64
        svc     #0
        ret

open_text:      .ascii  "show: can't open "
open_end:
read_text:      .ascii  "show: can't read "
read_end:
write_text:     .ascii  "show: can't write\n"
write_end:
usage_text:     .ascii  "show: say which files to show, such as: show /hello.txt\n"
usage_end:
line_end:       .ascii  "\n"
end:
