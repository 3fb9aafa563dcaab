/// What byte-level BPE needs to know of each code point. Made by Tests/Fixtures/tokenizer/make_tables.py from tokenizers 0.23.3;
/// numbers are in base 36 and separated by blanks.
enum PatternData {
  /// Edges, each followed by the class from there on: 1 letter, 2 number, 3 whitespace, 0 other.
  static let classes: StaticString = """
    9 3 5 0 i 3 1 0 f 2 a 0 7 1 q 0 6 1 q 0 a 3 1 0 q 3 1 0 9 1 1 0 7 2 2 0 1 1 1 0 3 2 1 1 1 0 1 2 3 0 1 1 n 0 1 1 v
    0 1 1 cq 0 4 1 c 0 e 1 5 0 7 1 1 0 1 1 1 0 3l 1 5 0 1 1 2 0 2 1 4 0 1 1 1 0 6 1 1 0 1 1 3 0 1 1 1 0 1 1 k 0 1 1 2b
    0 1 1 3v 0 8 1 4m 0 1 1 12 0 2 1 1 0 6 1 15 0 1z 1 r 0 4 1 4 0 19 1 17 0 l 2 a 0 4 1 2 0 1 1 2r 0 1 1 1 0 f 1 2 0
    7 1 2 2 a 1 3 0 2 1 1 0 g 1 1 0 1 1 u 0 t 1 2h 0 b 1 1 0 e 2 a 1 x 0 9 1 2 0 4 1 1 0 5 1 m 0 4 1 1 0 9 1 1 0 3 1 1
    0 n 1 p 0 7 1 b 0 5 1 o 0 1 1 6 0 h 1 16 0 1m 1 1i 0 3 1 1 0 i 1 1 0 7 1 a 0 4 2 a 0 1 1 g 0 4 1 8 0 2 1 2 0 2 1 m
    0 1 1 7 0 1 1 1 0 3 1 4 0 3 1 1 0 g 1 1 0 d 1 2 0 1 1 3 0 4 2 a 1 2 0 2 2 6 0 2 1 1 0 8 1 6 0 4 1 2 0 2 1 m 0 1 1
    7 0 1 1 2 0 1 1 2 0 1 1 2 0 v 1 4 0 1 1 1 0 7 2 a 0 2 1 3 0 g 1 9 0 1 1 3 0 1 1 m 0 1 1 7 0 1 1 2 0 1 1 5 0 3 1 1
    0 i 1 1 0 f 1 2 0 4 2 a 0 9 1 1 0 b 1 8 0 2 1 2 0 2 1 m 0 1 1 7 0 1 1 2 0 1 1 5 0 3 1 1 0 u 1 2 0 1 1 3 0 4 2 a 0
    1 1 1 2 6 0 b 1 1 0 1 1 6 0 3 1 3 0 1 1 4 0 3 1 2 0 1 1 1 0 1 1 2 0 3 1 2 0 3 1 3 0 3 1 c 0 m 1 1 0 l 2 d 0 i 1 8
    0 1 1 3 0 1 1 n 0 1 1 g 0 3 1 1 0 q 1 3 0 2 1 1 0 2 1 2 0 4 2 a 0 8 2 7 0 1 1 1 0 4 1 8 0 1 1 3 0 1 1 n 0 1 1 a 0
    1 1 5 0 3 1 1 0 v 1 2 0 1 1 2 0 4 2 a 0 1 1 2 0 h 1 9 0 1 1 3 0 1 1 15 0 2 1 1 0 g 1 1 0 5 1 3 0 1 2 7 1 3 0 4 2 j
    0 1 1 6 0 5 1 i 0 3 1 o 0 1 1 9 0 1 1 1 0 2 1 7 0 v 2 a 0 h 1 1c 0 1 1 2 0 c 1 7 0 9 2 a 0 13 1 2 0 1 1 1 0 1 1 5
    0 1 1 o 0 1 1 1 0 1 1 a 0 1 1 2 0 9 1 1 0 2 1 5 0 1 1 1 0 9 2 a 0 2 1 4 0 w 1 1 0 v 2 k 0 c 1 8 0 1 1 10 0 r 1 5 0
    37 1 17 0 k 1 1 2 a 0 6 1 6 0 4 1 4 0 3 1 1 0 3 1 2 0 7 1 3 0 4 1 d 0 c 1 1 0 1 2 a 0 6 1 12 0 1 1 1 0 5 1 1 0 2 1
    17 0 1 1 99 0 1 1 4 0 2 1 7 0 1 1 1 0 1 1 4 0 2 1 15 0 1 1 4 0 2 1 x 0 1 1 4 0 2 1 7 0 1 1 1 0 1 1 4 0 2 1 f 0 1 1
    1l 0 1 1 4 0 2 1 1v 0 e 2 k 0 3 1 g 0 g 1 2e 0 2 1 6 0 3 1 h8 0 2 1 h 3 1 1 q 0 5 1 23 0 3 2 3 1 8 0 7 1 i 0 d 1 j
    0 e 1 i 0 e 1 d 0 1 1 3 0 f 1 1g 0 z 1 1 0 4 1 1 0 3 2 a 0 6 2 a 0 m 2 a 0 6 1 2h 0 7 1 5 0 2 1 y 0 1 1 1 0 5 1 1y
    0 a 1 v 0 13 2 a 1 u 0 2 1 5 0 b 1 18 0 4 1 q 0 6 2 b 0 11 1 n 0 9 1 1h 0 17 2 a 0 6 2 a 0 d 1 1 0 2l 1 1b 0 h 1 8
    0 3 2 a 0 15 1 u 0 d 1 2 2 a 1 18 0 q 1 10 0 s 2 a 0 3 1 3 2 a 1 10 0 2 1 b 0 5 1 17 0 2 1 3 0 15 1 4 0 1 1 6 0 1
    1 2 0 3 1 1 0 5 1 5c 0 1s 1 7q 0 2 1 6 0 2 1 12 0 2 1 6 0 2 1 8 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 v 0 2 1 1h 0 1 1 7 0
    1 1 1 0 3 1 3 0 1 1 7 0 3 1 4 0 2 1 6 0 4 1 d 0 5 1 3 0 1 1 7 0 3 3 b 0 t 3 2 0 5 3 1 0 1b 3 1 0 g 2 1 1 1 0 2 2 6
    0 5 1 1 2 a 0 6 1 d 0 2t 1 1 0 4 1 1 0 2 1 a 0 1 1 1 0 3 1 5 0 6 1 1 0 1 1 1 0 1 1 1 0 1 1 4 0 1 1 b 0 2 1 4 0 5 1
    5 0 4 1 1 0 1 2 1f 1 2 2 5 0 k6 2 1o 0 26 2 m 0 hi 2 u 0 vg 1 6d 0 6 1 4 0 3 1 2 0 9 2 1 0 2 1 12 0 1 1 1 0 5 1 1
    0 2 1 1k 0 7 1 1 0 g 1 n 0 9 1 7 0 1 1 7 0 1 1 7 0 1 1 7 0 1 1 7 0 1 1 7 0 1 1 7 0 1 1 7 0 28 1 1 0 cw 3 1 0 4 1 2
    2 1 0 p 2 9 0 7 1 5 0 2 2 3 1 2 0 4 1 2e 0 6 1 3 0 1 1 2i 0 1 1 4 0 5 1 17 0 1 1 2m 0 3 2 4 0 a 1 w 0 1c 1 g 0 w 2
    a 0 u 2 8 0 1 2 f 0 w 2 a 0 13 2 f 0 8w 1 534 0 1s 1 h3h 0 1v 1 1a 0 2 1 7h 0 3 1 g 2 a 1 2 0 k 1 1b 0 g 1 v 0 2 1
    1y 2 a 0 13 1 9 0 2 1 2v 0 2 1 1v 0 2 1 2 0 1 1 1 0 1 1 8 0 l 1 g 0 1 1 3 0 1 1 4 0 1 1 n 0 d 2 6 0 a 1 1g 0 e 1
    1e 0 s 2 a 0 o 1 6 0 3 1 1 0 1 1 2 0 1 2 a 1 s 0 a 1 n 0 p 1 t 0 7 1 1b 0 s 1 1 2 a 0 6 1 5 0 1 1 a 2 a 1 5 0 1 1
    15 0 n 1 3 0 1 1 8 0 4 2 a 0 6 1 n 0 3 1 1 0 3 1 1e 0 1 1 1 0 3 1 2 0 2 1 5 0 2 1 1 0 1 1 1 0 o 1 3 0 2 1 b 0 7 1
    3 0 c 1 6 0 2 1 6 0 2 1 6 0 9 1 7 0 1 1 7 0 1 1 17 0 1 1 e 0 6 1 37 0 d 2 a 0 6 1 8mc 0 c 1 n 0 4 1 1d 0 6is 1 a6
    0 2 1 2y 0 12 1 7 0 c 1 5 0 5 1 1 0 1 1 a 0 1 1 d 0 1 1 5 0 1 1 1 0 1 1 2 0 1 1 2 0 1 1 30 0 x 1 a3 0 i 1 1s 0 2 1
    1i 0 14 1 c 0 38 1 5 0 1 1 3r 0 j 2 a 0 7 1 q 0 6 1 q 0 b 1 2h 0 3 1 6 0 2 1 6 0 2 1 6 0 2 1 3 0 z 1 c 0 1 1 q 0 1
    1 j 0 1 1 2 0 1 1 f 0 2 1 e 0 y 1 3f 0 c 2 19 0 c 2 1l 0 h 2 2 0 6s 1 t 0 3 1 1d 0 g 2 r 0 4 1 w 2 4 0 9 1 k 2 1 1
    8 2 1 0 5 1 12 0 a 1 u 0 2 1 10 0 4 1 8 0 1 2 5 0 16 1 4e 0 2 2 a 0 6 1 10 0 4 1 10 0 4 1 14 0 8 1 1g 0 c 1 b 0 1
    1 f 0 1 1 7 0 1 1 2 0 1 1 b 0 1 1 f 0 1 1 7 0 1 1 2 0 3 1 1g 0 c 1 8n 0 9 1 m 0 a 1 8 0 o 1 6 0 1 1 16 0 1 1 9 0
    1x 1 6 0 2 1 1 0 1 1 18 0 1 1 2 0 3 1 1 0 2 1 n 0 2 2 8 1 n 0 2 2 7 1 v 0 8 2 9 0 1c 1 j 0 1 1 2 0 5 2 5 1 m 2 6 0
    4 1 q 0 1y 1 1k 0 4 2 2 1 2 2 g 0 2 2 1a 1 1 0 f 1 4 0 1 1 3 0 1 1 t 0 a 2 9 0 n 1 t 2 2 0 1 1 t 2 3 0 w 1 8 0 1 1
    s 0 6 2 5 0 g 1 1i 0 a 1 m 0 2 2 8 1 j 0 5 2 8 1 i 0 n 2 7 0 28 1 21 0 1j 1 1f 0 d 1 1f 0 7 2 6 1 10 0 c 2 a 0 6 2
    a 1 s 0 9 1 n 0 62 2 v 0 1 1 16 0 6 1 2 0 g 1 3 0 1n 1 t 2 a 1 1 0 8 1 m 0 b 2 4 0 r 1 i 0 1a 1 l 2 7 0 k 1 n 0 c
    1 1h 0 q 2 u 0 1 1 2 0 2 1 1 0 d 1 19 0 w 1 p 0 7 2 a 0 9 1 10 0 f 2 a 0 4 1 1 0 2 1 1 0 8 1 z 0 3 1 1 0 c 1 1c 0
    e 1 4 0 b 2 a 1 1 0 1 1 1 0 4 2 k 0 b 1 i 0 1 1 p 0 j 1 2 0 1r 1 7 0 1 1 1 0 1 1 4 0 1 1 f 0 1 1 a 0 7 1 1b 0 h 2
    a 0 b 1 8 0 2 1 2 0 2 1 m 0 1 1 7 0 1 1 2 0 1 1 5 0 3 1 1 0 i 1 1 0 c 1 5 0 u 1 a 0 1 1 1 0 2 1 1 0 1 1 12 0 1 1 1
    0 p 1 1 0 1 1 1 0 18 1 1h 0 i 1 4 0 5 2 a 0 5 1 3 0 u 1 1c 0 k 1 2 0 1 1 1 0 8 2 a 0 4m 1 1b 0 15 1 4 0 10 1 1c 0
    k 1 1 0 b 2 a 0 12 1 17 0 d 1 1 0 7 2 a 0 6 2 k 0 s 1 r 0 l 2 c 0 4 1 7 0 55 1 18 0 38 1 1s 2 j 0 c 1 8 0 2 1 1 0
    2 1 8 0 1 1 2 0 1 1 o 0 f 1 1 0 1 1 1 0 e 2 a 0 1y 1 8 0 2 1 13 0 g 1 1 0 1 1 1 0 s 1 1 0 a 1 14 0 7 1 1 0 l 1 1 0
    b 1 1a 0 j 1 1 0 i 1 21 0 5j 1 x 0 f 2 a 0 6 1 9 0 1 1 11 0 h 1 1 0 f 2 t 0 5 1 u 0 34 1 7 0 1 1 2 0 1 1 12 0 l 1
    1 0 9 2 a 0 6 1 6 0 1 1 2 0 1 1 w 0 e 1 1 0 7 2 a 0 8m 1 j 0 f 1 1 0 1 1 d 0 1 1 y 0 s 2 a 0 2e 1 1 0 f 2 l 0 17 1
    pm 0 2u 2 33 0 h 1 5g 0 218 1 2p 0 f 1 ts 0 h 1 6 0 p 1 32z 0 5 1 g7 0 5a1 1 u 0 i 2 a 0 1c6 1 ft 0 7 1 v 0 1 2 a
    0 6 1 27 0 1 2 a 0 6 1 u 0 i 1 1c 0 g 1 4 0 c 2 a 0 1 2 7 0 1 1 l 0 5 1 j 0 c0 1 19 0 3 2 a 0 5i 1 1s 2 n 0 2x 1
    23 0 5 1 1 0 1u 1 d 0 1s 1 2 0 1 1 1 0 s 1 4qg 0 8 1 ye 0 15 1 a 0 6w7 1 4 0 1 1 7 0 1 1 2 0 1 1 83 0 f 1 1 0 t 1
    3 0 2 1 1 0 e 1 4 0 8 1 b0 0 1s4 1 2z 0 5 1 d 0 3 1 9 0 7 1 a 0 386 2 a 0 152 2 k 0 c 2 k 0 30 2 p 0 3r 1 2d 0 1 1
    1z 0 1 1 2 0 2 1 1 0 2 1 2 0 2 1 4 0 1 1 c 0 1 1 1 0 1 1 7 0 1 1 1t 0 1 1 4 0 2 1 8 0 1 1 7 0 1 1 s 0 1 1 4 0 1 1
    5 0 1 1 1 0 3 1 7 0 1 1 9g 0 2 1 p 0 1 1 p 0 1 1 v 0 1 1 p 0 1 1 v 0 1 1 p 0 1 1 v 0 1 1 p 0 1 1 v 0 1 1 p 0 1 1 8
    0 2 2 1e 0 1ds 1 v 0 6 1 6 0 79 1 1q 0 42 1 19 0 a 1 7 0 2 2 a 0 4 1 1 0 8x 1 u 0 i 1 18 0 4 2 a 0 d2 1 s 0 4 2 a
    0 5y 1 u 0 2 1 1 2 a 0 dh 1 7 0 1 1 4 0 1 1 2 0 1 1 f 0 1 1 5h 0 2 2 9 0 1c 1 1w 0 7 1 1 0 4 2 a 0 lz 2 1n 0 1 2 3
    0 1 2 4 0 24 2 19 0 1 2 f 0 5e 1 4 0 1 1 r 0 1 1 2 0 1 1 1 0 2 1 1 0 1 1 a 0 1 1 4 0 1 1 1 0 1 1 1 0 6 1 1 0 4 1 1
    0 1 1 1 0 1 1 1 0 1 1 3 0 1 1 2 0 1 1 1 0 2 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 1 0 1 1 2 0 1 1 1 0 2 1 4 0 1 1 7 0
    1 1 4 0 1 1 4 0 1 1 1 0 1 1 a 0 1 1 h 0 5 1 3 0 1 1 5 0 1 1 h 0 g4 2 d 0 25f 2 a 0 sm 1 wyo 0 w 1 37e 0 6 1 66 0 2
    1 4g2 0 e 1 5rl 0 f 1 ha 0 1wi 1 f2 0 15u 1 3t7 0 5 1 38g 0
    """

  /// Canonical compositions without Hangul: first part (difference), second, composite.
  static let compositions: StaticString = """
    1o mw 6su 1 mw 6sg 1 mw 6sv 3 lc 5c 0 ld 5d 0 le 5e 0 lf 5f 0 lg 74 0 li 76 0 lj fa 0 lk 5g 0 ll 61u 0 lm 5h 0 lo
    ct 0 lr e8 0 lt ea 0 mb 61s 0 md 5xc 0 mg 78 1 lj 5xe 0 mb 5xg 0 mp 5xi 1 ld 7a 0 le 7c 0 lj 7e 0 lo 7g 0 mf 5j 1
    lj 5xm 0 lo 7i 0 mb 5xo 0 mf 5xs 0 ml 5xu 0 mp 5xq 1 lc 5k 0 ld 5l 0 le 5m 0 lf 62k 0 lg 7m 0 li 7o 0 lj 7q 0 lk
    5n 0 ll 62i 0 lo 7u 0 lr ec 0 lt ee 0 mb 62g 0 mf fc 0 mg 7s 0 ml 5y0 0 mo 5y2 1 lj 5y6 1 ld dw 0 le 7w 0 lg 5y8 0
    li 7y 0 lj 80 0 lo di 0 mf 82 1 le 84 0 lj 5ya 0 lk 5ye 0 lo f2 0 mb 5yc 0 mf 5yg 0 mm 5yi 1 lc 5o 0 ld 5p 0 le 5q
    0 lf 88 0 lg 8a 0 li 8c 0 lj 8g 0 lk 5r 0 ll 62w 0 lo cv 0 lr eg 0 lt ei 0 mb 62y 0 mg 8e 0 mo 5yk 1 le 8k 1 ld
    5yo 0 lo dk 0 mb 5yq 0 mf 8m 0 mp 5ys 1 ld 8p 0 lo 8t 0 mb 5yu 0 mf 8r 0 ml 5z0 0 mp 5yy 1 ld 5z2 0 lj 5z4 0 mb
    5z6 1 lc e0 0 ld 8z 0 lf 5t 0 lj 5z8 0 lo 93 0 mb 5za 0 mf 91 0 ml 5ze 0 mp 5zc 1 lc 5u 0 ld 5v 0 le 5w 0 lf 5x 0
    lg 98 0 li 9a 0 lj fi 0 lk 5y 0 ll 632 0 ln 9c 0 lo cx 0 lr ek 0 lt em 0 m3 bk 0 mb 630 0 mg dm 1 ld 5zo 0 lj 5zq
    2 ld 9g 0 lj 5zs 0 lo 9k 0 lr eo 0 lt eq 0 mb 5zu 0 mf 9i 0 mp 5zy 1 ld 9m 0 le 9o 0 lj 600 0 lo 9s 0 mb 602 0 me
    ew 0 mf 9q 1 lj 60a 0 lo 9w 0 mb 60c 0 me ey 0 mf 9u 0 ml 60g 0 mp 60e 1 lc 61 0 ld 62 0 le 63 0 lf a0 0 lg a2 0
    li a4 0 lk 64 0 ll 63q 0 lm a6 0 ln a8 0 lo cz 0 lr es 0 lt eu 0 m3 bz 0 mb 63o 0 mc 60i 0 mg aa 0 ml 60m 0 mo 60k
    1 lf 60s 0 mb 60u 1 lc 60w 0 ld 60y 0 le ac 0 lj 612 0 lk 610 0 mb 614 1 lj 616 0 lk 618 1 lc 642 0 ld 65 0 le ae
    0 lf 648 0 lg fm 0 lj 61a 0 lk ag 0 ll 646 0 mb 644 1 ld ah 0 le 61c 0 lj aj 0 lo al 0 mb 61e 0 mp 61g 7 lc 68 0
    ld 69 0 le 6a 0 lf 6b 0 lg 75 0 li 77 0 lj fb 0 lk 6c 0 ll 61v 0 lm 6d 0 lo cu 0 lr e9 0 lt eb 0 mb 61t 0 md 5xd 0
    mg 79 1 lj 5xf 0 mb 5xh 0 mp 5xj 1 ld 7b 0 le 7d 0 lj 7f 0 lo 7h 0 mf 6f 1 lj 5xn 0 lo 7j 0 mb 5xp 0 mf 5xt 0 ml
    5xv 0 mp 5xr 1 lc 6g 0 ld 6h 0 le 6i 0 lf 62l 0 lg 7n 0 li 7p 0 lj 7r 0 lk 6j 0 ll 62j 0 lo 7v 0 lr ed 0 lt ef 0
    mb 62h 0 mf fd 0 mg 7t 0 ml 5y1 0 mo 5y3 1 lj 5y7 1 ld dx 0 le 7x 0 lg 5y9 0 li 7z 0 lj 81 0 lo dj 0 mf 83 1 le 85
    0 lj 5yb 0 lk 5yf 0 lo f3 0 mb 5yd 0 mf 5yh 0 mm 5yj 0 mp 61i 1 lc 6k 0 ld 6l 0 le 6m 0 lf 89 0 lg 8b 0 li 8d 0 lk
    6n 0 ll 62x 0 lo cw 0 lr eh 0 lt ej 0 mb 62z 0 mg 8f 0 mo 5yl 1 le 8l 0 lo ds 1 ld 5yp 0 lo dl 0 mb 5yr 0 mf 8n 0
    mp 5yt 1 ld 8q 0 lo 8u 0 mb 5yv 0 mf 8s 0 ml 5z1 0 mp 5yz 1 ld 5z3 0 lj 5z5 0 mb 5z7 1 lc e1 0 ld 90 0 lf 6p 0 lj
    5z9 0 lo 94 0 mb 5zb 0 mf 92 0 ml 5zf 0 mp 5zd 1 lc 6q 0 ld 6r 0 le 6s 0 lf 6t 0 lg 99 0 li 9b 0 lj fj 0 lk 6u 0
    ll 633 0 ln 9d 0 lo cy 0 lr el 0 lt en 0 m3 bl 0 mb 631 0 mg dn 1 ld 5zp 0 lj 5zr 2 ld 9h 0 lj 5zt 0 lo 9l 0 lr ep
    0 lt er 0 mb 5zv 0 mf 9j 0 mp 5zz 1 ld 9n 0 le 9p 0 lj 601 0 lo 9t 0 mb 603 0 me ex 0 mf 9r 1 lj 60b 0 lk 61j 0 lo
    9x 0 mb 60d 0 me ez 0 mf 9v 0 ml 60h 0 mp 60f 1 lc 6x 0 ld 6y 0 le 6z 0 lf a1 0 lg a3 0 li a5 0 lk 70 0 ll 63r 0
    lm a7 0 ln a9 0 lo d0 0 lr et 0 lt ev 0 m3 c0 0 mb 63p 0 mc 60j 0 mg ab 0 ml 60n 0 mo 60l 1 lf 60t 0 mb 60v 1 lc
    60x 0 ld 60z 0 le ad 0 lj 613 0 lk 611 0 lm 61k 0 mb 615 1 lj 617 0 lk 619 1 lc 643 0 ld 71 0 le af 0 lf 649 0 lg
    fn 0 lj 61b 0 lk 73 0 ll 647 0 lm 61l 0 mb 645 1 ld ai 0 le 61d 0 lj ak 0 lo am 0 mb 61f 0 mp 61h 1a lc 6b1 0 ld
    p1 0 n6 69t q lc 61y 0 ld 61w 0 lf 622 0 ll 620 2 lg da 1 ld e2 1 ld e4 0 lg de 1 ld 5xk 3 lc 62o 0 ld 62m 0 lf
    62s 0 ll 62q 5 ld 5ym 5 lc 636 0 ld 634 0 lf 63a 0 ll 638 1 ld 5zg 0 lg fg 0 lk 5zi 1 lg fe 2 ld e6 4 lc d7 0 ld
    d3 0 lg d1 0 lo d5 6 lc 61z 0 ld 61x 0 lf 623 0 ll 621 2 lg db 1 ld e3 1 ld e5 0 lg df 1 ld 5xl 3 lc 62p 0 ld 62n
    0 lf 62t 0 ll 62r 5 ld 5yn 5 lc 637 0 ld 635 0 lf 63b 0 ll 639 1 ld 5zh 0 lg fh 0 lk 5zj 1 lg ff 2 ld e7 4 lc d8 0
    ld d4 0 lg d2 0 lo d6 6 lc 628 0 ld 626 0 lf 62c 0 ll 62a 1 lc 629 0 ld 627 0 lf 62d 0 ll 62b f lc 5xw 0 ld 5xy 1
    lc 5xx 0 ld 5xz 1l lc 5zk 0 ld 5zm 1 lc 5zl 0 ld 5zn d lj 604 1 lj 605 5 lj 606 1 lj 607 7 ld 60o 1 ld 60p 1 lk
    60q 1 lk 60r k lj 61n x lc 63g 0 ld 63e 0 lf 63k 0 ll 63i 0 mb 63m 1 lc 63h 0 ld 63f 0 lf 63l 0 ll 63j 0 mb 63n e
    lc 63u 0 ld 63s 0 lf 63y 0 ll 63w 0 mb 640 1 lc 63v 0 ld 63t 0 lf 63z 0 ll 63x 0 mb 641 7 lo dq 1f lg do 1 lg dp
    1n lg dc 1 lg dd 1 li 5y4 1 li 5y5 5 lg fk 1 lg fl 2r lo dr 73 lc 69m 0 ld p2 0 lg 69l 0 li 69k 0 lv 64o 0 lw 64p
    0 n9 69o 4 lc 6a0 0 ld p4 0 lv 654 0 lw 655 2 lc 6a2 0 ld p5 0 lv 65k 0 lw 65l 0 n9 6a4 2 lc 6ai 0 ld p6 0 lg 6ah
    0 li 6ag 0 lk q2 0 lv 660 0 lw 661 6 lc 6bc 0 ld p8 0 lv 66g 0 lw 66h 2 lw 6b0 4 lc 6ay 0 ld pa 0 lg 6ax 0 li 6aw
    0 lk q3 0 lw 66x 4 lc 6be 0 ld pb 0 lv 67c 0 lw 67d 0 n9 6bg 3 n9 69g 2 n9 69w 3 lc 67k 0 ld q4 0 lg 69d 0 li 69c
    0 lv 64g 0 lw 64h 0 n6 69i 0 n9 69f 4 lc 67m 0 ld q5 0 lv 64w 0 lw 64x 2 lc 67o 0 ld q6 0 lv 65c 0 lw 65d 0 n6 69y
    0 n9 69v 2 lc 67q 0 ld q7 0 lg 6a9 0 li 6a8 0 lk qy 0 lv 65s 0 lw 65t 0 n6 6ae 6 lc 67s 0 ld r0 0 lv 668 0 lw 669
    2 lv 6as 0 lw 6at 4 lc 67u 0 ld r1 0 lg 6ap 0 li 6ao 0 lk qz 0 lv 66o 0 lw 66p 0 n6 6au 4 lc 67w 0 ld r2 0 lv 674
    0 lw 675 0 n6 6ba 0 n9 6b7 1 lc 6aa 0 ld pc 0 n6 6af 1 lc 6aq 0 ld q8 0 n6 6av 3 n9 6b8 4 ld r7 0 lk r8 1g lk sn a
    li y8 0 lk ya 3 ld sj 2 lc sg 0 li ye 0 lk sh 1 li xt 0 lk yk 1 lk ym 1 lc st 0 lg yq 0 li t5 0 lk ys 2 ld ss 4 lk
    yu 5 lg z2 0 li su 0 lk z4 0 ln z6 4 lk z8 4 lk zc 2 lk z0 3 li y9 0 lk yb 3 ld ur 2 lc uo 0 li yf 0 lk up 1 li xu
    0 lk yl 1 lk yn 1 lc v1 0 lg yr 0 li u1 0 lk yt 2 ld v0 4 lk yv 5 lg z3 0 li v2 0 lk z5 0 ln z7 4 lk z9 4 lk zd 2
    lk z1 9 lk uv u lr vq 1 lr vr 2r lk yi 1 lk yj f lk yy 1 lk yz 8u 18z 17m 0 190 17n 0 191 17p x 190 17o 2 190 17q
    3b 190 1c2 h 190 1cj 3 190 1c0 gj 1to 1t5 8 1to 1td 3 1to 1tg 44 1xa 1xn 0 1xz 1xo ao 27y 28b 0 28m 288 0 28n 28c
    23 2c7 2ac 1g 2bi 2bu 0 2c7 2bw 1 2bi 2bv 3j 2fq 2fc 3d 2j9 2io 7 2iq 2iy 0 2j9 2iv 0 2ja 2iw 4 2j9 2iz 3g 2m6 2mi
    0 2mv 2mk 1 2m6 2mj 42 2q2 2qi 0 2q7 2qk 0 2qn 2qm 3 2q2 2ql g9 372 36u 25c 5dh 5c6 2 5dh 5c8 2 5dh 5ca 2 5dh 5cc
    2 5dh 5ce 4 5dh 5ci 15 5dh 5dn 2 5dh 5dp 2 5dh 5ds 1 5dh 5dt 3 5dh 5dv l0 lg 5yw 1 lg 5yx z lg 5zw 1 lg 5zx 7 lj
    608 1 lj 609 1p le 624 0 li 62e 1 le 625 0 li 62f n le 62u 1 le 62v j le 63c 1 le 63d 1f lc 64i 0 ld 64k 0 n6 64m
    0 n9 680 1 lc 64j 0 ld 64l 0 n6 64n 0 n9 681 1 n9 682 1 n9 683 1 n9 684 1 n9 685 1 n9 686 1 n9 687 1 lc 64q 0 ld
    64s 0 n6 64u 0 n9 688 1 lc 64r 0 ld 64t 0 n6 64v 0 n9 689 1 n9 68a 1 n9 68b 1 n9 68c 1 n9 68d 1 n9 68e 1 n9 68f 1
    lc 64y 0 ld 650 1 lc 64z 0 ld 651 7 lc 656 0 ld 658 1 lc 657 0 ld 659 7 lc 65e 0 ld 65g 0 n6 65i 0 n9 68g 1 lc 65f
    0 ld 65h 0 n6 65j 0 n9 68h 1 n9 68i 1 n9 68j 1 n9 68k 1 n9 68l 1 n9 68m 1 n9 68n 1 lc 65m 0 ld 65o 0 n6 65q 0 n9
    68o 1 lc 65n 0 ld 65p 0 n6 65r 0 n9 68p 1 n9 68q 1 n9 68r 1 n9 68s 1 n9 68t 1 n9 68u 1 n9 68v 1 lc 65u 0 ld 65w 0
    n6 65y 1 lc 65v 0 ld 65x 0 n6 65z 7 lc 662 0 ld 664 0 n6 666 1 lc 663 0 ld 665 0 n6 667 7 lc 66a 0 ld 66c 1 lc 66b
    0 ld 66d 7 lc 66i 0 ld 66k 1 lc 66j 0 ld 66l 7 lc 66q 0 ld 66s 0 n6 66u 1 lc 66r 0 ld 66t 0 n6 66v 8 lc 66z 0 ld
    671 0 n6 673 7 lc 676 0 ld 678 0 n6 67a 0 n9 68w 1 lc 677 0 ld 679 0 n6 67b 0 n9 68x 1 n9 68y 1 n9 68z 1 n9 690 1
    n9 691 1 n9 692 1 n9 693 1 lc 67e 0 ld 67g 0 n6 67i 0 n9 694 1 lc 67f 0 ld 67h 0 n6 67j 0 n9 695 1 n9 696 1 n9 697
    1 n9 698 1 n9 699 1 n9 69a 1 n9 69b 1 n9 69e 4 n9 69u 8 n9 6b6 1m n9 69j 9 lc 6a5 0 ld 6a6 0 n6 6a7 7 n9 69z 1c n9
    6bb 8 lc 6al 0 ld 6am 0 n6 6an b6 mw 6my 2 mw 6mz 2 mw 6ni 1o mw 6od 2 mw 6of 2 mw 6oe 1b mw 6pw 5 mw 6q1 3 mw 6q4
    o mw 6qs 2 mw 6qu n mw 6rl 7 mw 6ro 2 mw 6rr 3 mw 6rt 5 mw 6st k mw 6si 3 mw 6sw 1 mw 6sx d mw 6t0 1 mw 6t1 3 mw
    6t4 1 mw 6t5 3 mw 6tc 1 mw 6td 1 mw 6w0 1 mw 6w1 5 mw 6tg 1 mw 6th 3 mw 6tk 1 mw 6tl a mw 6w2 1 mw 6w3 g mw 6uk 6
    mw 6ul 1 mw 6um 2 mw 6un 7 mw 6wa 1 mw 6wb 1 mw 6wc 1 mw 6wd 2oh 9ll 9lg 5 9ll 9jg 2 9ll 9ji 2 9ll 9jk 2 9ll 9jm 2
    9ll 9jo 2 9ll 9jq 2 9ll 9js 2 9ll 9ju 2 9ll 9jw 2 9ll 9jy 2 9ll 9k0 2 9ll 9k2 3 9ll 9k5 2 9ll 9k7 2 9ll 9k9 7 9ll
    9kg 0 9lm 9kh 3 9ll 9kj 0 9lm 9kk 3 9ll 9km 0 9lm 9kn 3 9ll 9kp 0 9lm 9kq 3 9ll 9ks 0 9lm 9kt y 9ll 9lq 9 9ll 9o4
    5 9ll 9m4 2 9ll 9m6 2 9ll 9m8 2 9ll 9ma 2 9ll 9mc 2 9ll 9me 2 9ll 9mg 2 9ll 9mi 2 9ll 9mk 2 9ll 9mm 2 9ll 9mo 2
    9ll 9mq 3 9ll 9mt 2 9ll 9mv 2 9ll 9mx 7 9ll 9n4 0 9lm 9n5 3 9ll 9n7 0 9lm 9n8 3 9ll 9na 0 9lm 9nb 3 9ll 9nd 0 9lm
    9ne 3 9ll 9ng 0 9lm 9nh k 9ll 9o7 1 9ll 9o8 1 9ll 9o9 1 9ll 9oa b 9ll 9oe 1864 1hve 1hui 2 1hve 1huk a 1hve 1huz
    3w 1hyf 1hym 1 1hyf 1hyn et 1ida 1idn 0 1idz 1ido aa 1ink 1inw 0 1inu 1inv 0 1inx 1iny 73 1iun 1iuy 1 1iun 1iuz
    """
}
