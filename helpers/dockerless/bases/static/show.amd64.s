# show FILE...  writes files to standard output, one after the other, as cat does.
#
# Linux on x86-64, no library: the whole program is in this file, its ELF header included, so that its bytes depend on
# nothing else. Assembled with GNU binutils:
#
#   as -o show.o show.amd64.s
#   ld -Ttext=0x400000 -o show.elf show.o
#   objcopy -O binary -j .text show.elf show.amd64
#
# Exit status: 0, or 1 where a file can't be opened or read, or nothing can be written.

        .set    PLACE, 0x400000
        .set    BUFFER, 4096
        .text

file:   .byte   0x7f, 'E', 'L', 'F', 2, 1, 1, 0         # 64 bits, little-endian
        .quad   0
        .short  2, 62                                   # an executable for x86-64
        .long   1
        .quad   _start                                  # where it begins
        .quad   segments - file
        .quad   0                                       # no sections
        .long   0
        .short  64, 56, 2, 0, 0, 0                      # two segments follow

segments:
        .long   1, 5                                    # this file, readable and executable
        .quad   0, PLACE, PLACE, end - file, end - file, 0x1000
        .long   0x6474e551, 6                           # a stack that isn't executable
        .quad   0, 0, 0, 0, 0, 16

        .globl  _start
_start: mov     (%rsp), %rbx                            # how many words the command has
        lea     16(%rsp), %r14                          # where the second is
        sub     $BUFFER, %rsp
        xor     %r12d, %r12d                            # the exit status
        dec     %rbx
        jle     usage

next:   mov     (%r14), %rbp                            # open(name, O_RDONLY)
        add     $8, %r14
        mov     $2, %eax
        mov     %rbp, %rdi
        xor     %esi, %esi
        xor     %edx, %edx
        syscall
        test    %rax, %rax
        js      cannot_open
        mov     %eax, %r13d

more:   xor     %eax, %eax                              # read(file, buffer, BUFFER)
        mov     %r13d, %edi
        mov     %rsp, %rsi
        mov     $BUFFER, %edx
        syscall
        test    %rax, %rax
        js      cannot_read
        jz      close
        mov     %rsp, %rsi
        mov     %rax, %rdx

write:  mov     $1, %eax                                # write(1, ...), again until all of it is written
        mov     $1, %edi
        syscall
        test    %rax, %rax
        jle     cannot_write
        add     %rax, %rsi
        sub     %rax, %rdx
        jnz     write
        jmp     more

close:  mov     $3, %eax
        mov     %r13d, %edi
        syscall
after:  dec     %rbx
        jnz     next
exit:   mov     $60, %eax
        mov     %r12d, %edi
        syscall

cannot_open:
        lea     open_text(%rip), %rsi
        mov     $open_end - open_text, %edx
        jmp     complain
cannot_read:
        lea     read_text(%rip), %rsi
        mov     $read_end - read_text, %edx
complain:                                               # the text, the name of the file, the end of the line
        call    say
        mov     %rbp, %rsi
        xor     %edx, %edx
count:  cmpb    $0, (%rsi,%rdx)
        je      name
        inc     %rdx
        jmp     count
name:   call    say
        lea     line_end(%rip), %rsi
        mov     $1, %edx
        call    say
        mov     $1, %r12d
        jmp     after

usage:  lea     usage_text(%rip), %rsi
        mov     $usage_end - usage_text, %edx
        jmp     last_words
cannot_write:
        lea     write_text(%rip), %rsi
        mov     $write_end - write_text, %edx
last_words:
        call    say
        mov     $1, %r12d
        jmp     exit

say:    mov     $1, %eax                                # write(2, ...)
        mov     $2, %edi
        syscall
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
