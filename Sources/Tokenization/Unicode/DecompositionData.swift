/// Full canonical decompositions without Hangul. Made by Tests/Fixtures/tokenizer/make_tables.py from tokenizers 0.23.3;
/// numbers are in base 36 and separated by blanks.
enum DecompositionData {
  /// Code point (difference), how many follow, and those.
  static let canonical: StaticString = """
    5c 2 1t lc 1 2 1t ld 1 2 1t le 1 2 1t lf 1 2 1t lk 1 2 1t lm 2 2 1v mf 1 2 1x lc 1 2 1x ld 1 2 1x le 1 2 1x lk 1 2
    21 lc 1 2 21 ld 1 2 21 le 1 2 21 lk 2 2 26 lf 1 2 27 lc 1 2 27 ld 1 2 27 le 1 2 27 lf 1 2 27 lk 3 2 2d lc 1 2 2d
    ld 1 2 2d le 1 2 2d lk 1 2 2h ld 3 2 2p lc 1 2 2p ld 1 2 2p le 1 2 2p lf 1 2 2p lk 1 2 2p lm 2 2 2r mf 1 2 2t lc 1
    2 2t ld 1 2 2t le 1 2 2t lk 1 2 2x lc 1 2 2x ld 1 2 2x le 1 2 2x lk 2 2 32 lf 1 2 33 lc 1 2 33 ld 1 2 33 le 1 2 33
    lf 1 2 33 lk 3 2 39 lc 1 2 39 ld 1 2 39 le 1 2 39 lk 1 2 3d ld 2 2 3d lk 1 2 1t lg 1 2 2p lg 1 2 1t li 1 2 2p li 1
    2 1t mg 1 2 2p mg 1 2 1v ld 1 2 2r ld 1 2 1v le 1 2 2r le 1 2 1v lj 1 2 2r lj 1 2 1v lo 1 2 2r lo 1 2 1w lo 1 2 2s
    lo 3 2 1x lg 1 2 2t lg 1 2 1x li 1 2 2t li 1 2 1x lj 1 2 2t lj 1 2 1x mg 1 2 2t mg 1 2 1x lo 1 2 2t lo 1 2 1z le 1
    2 2v le 1 2 1z li 1 2 2v li 1 2 1z lj 1 2 2v lj 1 2 1z mf 1 2 2v mf 1 2 20 le 1 2 2w le 3 2 21 lf 1 2 2x lf 1 2 21
    lg 1 2 2x lg 1 2 21 li 1 2 2x li 1 2 21 mg 1 2 2x mg 1 2 21 lj 4 2 22 le 1 2 2y le 1 2 23 mf 1 2 2z mf 2 2 24 ld 1
    2 30 ld 1 2 24 mf 1 2 30 mf 1 2 24 lo 1 2 30 lo 5 2 26 ld 1 2 32 ld 1 2 26 mf 1 2 32 mf 1 2 26 lo 1 2 32 lo 4 2 27
    lg 1 2 33 lg 1 2 27 li 1 2 33 li 1 2 27 ln 1 2 33 ln 3 2 2a ld 1 2 36 ld 1 2 2a mf 1 2 36 mf 1 2 2a lo 1 2 36 lo 1
    2 2b ld 1 2 37 ld 1 2 2b le 1 2 37 le 1 2 2b mf 1 2 37 mf 1 2 2b lo 1 2 37 lo 1 2 2c mf 1 2 38 mf 1 2 2c lo 1 2 38
    lo 3 2 2d lf 1 2 39 lf 1 2 2d lg 1 2 39 lg 1 2 2d li 1 2 39 li 1 2 2d lm 1 2 39 lm 1 2 2d ln 1 2 39 ln 1 2 2d mg 1
    2 39 mg 1 2 2f le 1 2 3b le 1 2 2h le 1 2 3d le 1 2 2h lk 1 2 2i ld 1 2 3e ld 1 2 2i lj 1 2 3e lj 1 2 2i lo 1 2 3e
    lo y 2 27 m3 1 2 33 m3 e 2 2d m3 1 2 39 m3 t 2 1t lo 1 2 2p lo 1 2 21 lo 1 2 2x lo 1 2 27 lo 1 2 33 lo 1 2 2d lo 1
    2 39 lo 1 3 2d lk lg 1 3 39 lk lg 1 3 2d lk ld 1 3 39 lk ld 1 3 2d lk lo 1 3 39 lk lo 1 3 2d lk lc 1 3 39 lk lc 2
    3 1t lk lg 1 3 2p lk lg 1 3 1t lj lg 1 3 2p lj lg 1 2 5i lg 1 2 6e lg 3 2 1z lo 1 2 2v lo 1 2 23 lo 1 2 2z lo 1 2
    27 mg 1 2 33 mg 1 3 27 mg lg 1 3 33 mg lg 1 2 c7 lo 1 2 ia lo 1 2 2y lo 4 2 1z ld 1 2 2v ld 3 2 26 lc 1 2 32 lc 1
    3 1t lm ld 1 3 2p lm ld 1 2 5i ld 1 2 6e ld 1 2 60 ld 1 2 6w ld 1 2 1t lr 1 2 2p lr 1 2 1t lt 1 2 2p lt 1 2 1x lr
    1 2 2t lr 1 2 1x lt 1 2 2t lt 1 2 21 lr 1 2 2x lr 1 2 21 lt 1 2 2x lt 1 2 27 lr 1 2 33 lr 1 2 27 lt 1 2 33 lt 1 2
    2a lr 1 2 36 lr 1 2 2a lt 1 2 36 lt 1 2 2d lr 1 2 39 lr 1 2 2d lt 1 2 39 lt 1 2 2b me 1 2 37 me 1 2 2c me 1 2 38
    me 3 2 20 lo 1 2 2w lo 7 2 1t lj 1 2 2p lj 1 2 1x mf 1 2 2t mf 1 3 27 lk lg 1 3 33 lk lg 1 3 27 lf lg 1 3 33 lf lg
    1 2 27 lj 1 2 33 lj 1 3 27 lj lg 1 3 33 lj lg 1 2 2h lg 1 2 3d lg 7h 1 lc 1 1 ld 2 1 lv 1 2 lk ld 1c 1 jd a 1 1n 7
    2 4o ld 1 2 pd ld 1 1 53 1 2 ph ld 1 2 pj ld 1 2 pl ld 2 2 pr ld 2 2 px ld 1 2 q1 ld 1 3 qh lk ld q 2 pl lk 1 2 px
    lk 1 2 q9 ld 1 2 qd ld 1 2 qf ld 1 2 qh ld 1 3 qt lk ld q 2 qh lk 1 2 qt lk 1 2 qn ld 1 2 qt ld 1 2 qx ld 5 2 r6
    ld 1 2 r6 lk 18 2 t1 lc 1 2 t1 lk 2 2 sz ld 4 2 sm lk 5 2 t6 ld 1 2 t4 lc 1 2 tf li b 2 t4 li w 2 u0 li n 2 tx lc
    1 2 tx lk 2 2 tv ld 4 2 uu lk 5 2 u2 ld 1 2 u0 lc 1 2 ub li o 2 vo lr 1 2 vp lr 22 2 t2 li 1 2 ty li e 2 sw li 1 2
    ts li 1 2 sw lk 1 2 ts lk 3 2 t1 li 1 2 tx li 3 2 yg lk 1 2 yh lk 1 2 t2 lk 1 2 ty lk 1 2 t3 lk 1 2 tz lk 3 2 t4
    lg 1 2 u0 lg 1 2 t4 lk 1 2 u0 lk 1 2 ta lk 1 2 u6 lk 3 2 yw lk 1 2 yx lk 1 2 tp lk 1 2 ul lk 1 2 tf lg 1 2 ub lg 1
    2 tf lk 1 2 ub lk 1 2 tf ln 1 2 ub ln 1 2 tj lk 1 2 uf lk 3 2 tn lk 1 2 uj lk 89 2 17r 18z 1 2 17r 190 1 2 18o 190
    1 2 17r 191 1 2 18q 190 4a 2 1cl 190 2 2 1c1 190 h 2 1ci 190 gm 2 1t4 1to 8 2 1tc 1to 3 2 1tf 1to 10 2 1sl 1to 1 2
    1sm 1to 1 2 1sn 1to 1 2 1ss 1to 1 2 1sx 1to 1 2 1sy 1to 1 2 1t7 1to 1 2 1tb 1to 30 2 1xj 1xa 1 2 1xj 1xz g 2 1wh
    1x8 1 2 1wi 1x8 2 2 1wv 1x8 2c 2 20i 20s 3 2 20o 20s z 2 1zq 20s 1 2 1zr 20s 1 2 1zw 20s 3 2 20b 20s 6i 2 287 28m
    3 2 287 27y 1 2 287 28n g 2 275 27w 1 2 276 27w 1j 2 2aa 2c7 1i 2 2bq 2bi 1 2 2br 2bi 1 2 2bq 2c7 3g 2 2fa 2fq 3c
    2 2in 2j9 7 2 2iu 2j9 1 2 2iu 2ja 2 2 2iu 2iq 1 3 2iu 2iq 2j9 3j 2 2me 2m6 1 2 2mf 2m6 1 2 2me 2mv 3y 2 2qh 2q2 2
    2 2qh 2q7 1 3 2qh 2q7 2q2 1 2 2qh 2qn 9x 2 30i 33r a 2 30s 33r 5 2 30x 33r 5 2 312 33r 5 2 317 33r d 2 30g 33p a 2
    31t 31u 2 2 31t 31w 1 2 33m 328 2 2 33n 328 9 2 31t 328 i 2 32q 33r a 2 330 33r 5 2 335 33r 5 2 33a 33r 5 2 33f
    33r d 2 32o 33p 31 2 36t 372 25c 2 5c5 5dh 2 2 5c7 5dh 2 2 5c9 5dh 2 2 5cb 5dh 2 2 5cd 5dh 4 2 5ch 5dh 15 2 5dm
    5dh 2 2 5do 5dh 3 2 5dq 5dh 1 2 5dr 5dh 2 2 5du 5dh jh 2 1t md 1 2 2p md 1 2 1u lj 1 2 2q lj 1 2 1u mb 1 2 2q mb 1
    2 1u mp 1 2 2q mp 1 3 1v mf ld 1 3 2r mf ld 1 2 1w lj 1 2 2s lj 1 2 1w mb 1 2 2s mb 1 2 1w mp 1 2 2s mp 1 2 1w mf
    1 2 2s mf 1 2 1w ml 1 2 2s ml 1 3 1x lg lc 1 3 2t lg lc 1 3 1x lg ld 1 3 2t lg ld 1 2 1x ml 1 2 2t ml 1 2 1x mo 1
    2 2t mo 1 3 1x mf li 1 3 2t mf li 1 2 1y lj 1 2 2u lj 1 2 1z lg 1 2 2v lg 1 2 20 lj 1 2 2w lj 1 2 20 mb 1 2 2w mb
    1 2 20 lk 1 2 2w lk 1 2 20 mf 1 2 2w mf 1 2 20 mm 1 2 2w mm 1 2 21 mo 1 2 2x mo 1 3 21 lk ld 1 3 2x lk ld 1 2 23
    ld 1 2 2z ld 1 2 23 mb 1 2 2z mb 1 2 23 mp 1 2 2z mp 1 2 24 mb 1 2 30 mb 1 3 24 mb lg 1 3 30 mb lg 1 2 24 mp 1 2
    30 mp 1 2 24 ml 1 2 30 ml 1 2 25 ld 1 2 31 ld 1 2 25 lj 1 2 31 lj 1 2 25 mb 1 2 31 mb 1 2 26 lj 1 2 32 lj 1 2 26
    mb 1 2 32 mb 1 2 26 mp 1 2 32 mp 1 2 26 ml 1 2 32 ml 1 3 27 lf ld 1 3 33 lf ld 1 3 27 lf lk 1 3 33 lf lk 1 3 27 lg
    lc 1 3 33 lg lc 1 3 27 lg ld 1 3 33 lg ld 1 2 28 ld 1 2 34 ld 1 2 28 lj 1 2 34 lj 1 2 2a lj 1 2 36 lj 1 2 2a mb 1
    2 36 mb 1 3 2a mb lg 1 3 36 mb lg 1 2 2a mp 1 2 36 mp 1 2 2b lj 1 2 37 lj 1 2 2b mb 1 2 37 mb 1 3 2b ld lj 1 3 37
    ld lj 1 3 2b lo lj 1 3 37 lo lj 1 3 2b mb lj 1 3 37 mb lj 1 2 2c lj 1 2 38 lj 1 2 2c mb 1 2 38 mb 1 2 2c mp 1 2 38
    mp 1 2 2c ml 1 2 38 ml 1 2 2d mc 1 2 39 mc 1 2 2d mo 1 2 39 mo 1 2 2d ml 1 2 39 ml 1 3 2d lf ld 1 3 39 lf ld 1 3
    2d lg lk 1 3 39 lg lk 1 2 2e lf 1 2 3a lf 1 2 2e mb 1 2 3a mb 1 2 2f lc 1 2 3b lc 1 2 2f ld 1 2 3b ld 1 2 2f lk 1
    2 3b lk 1 2 2f lj 1 2 3b lj 1 2 2f mb 1 2 3b mb 1 2 2g lj 1 2 3c lj 1 2 2g lk 1 2 3c lk 1 2 2h lj 1 2 3d lj 1 2 2i
    le 1 2 3e le 1 2 2i mb 1 2 3e mb 1 2 2i mp 1 2 3e mp 1 2 2w mp 1 2 38 lk 1 2 3b lm 1 2 3d lm 2 2 an lj 5 2 1t mb 1
    2 2p mb 1 2 1t ll 1 2 2p ll 1 3 1t le ld 1 3 2p le ld 1 3 1t le lc 1 3 2p le lc 1 3 1t le ll 1 3 2p le ll 1 3 1t
    le lf 1 3 2p le lf 1 3 1t mb le 1 3 2p mb le 1 3 1t li ld 1 3 2p li ld 1 3 1t li lc 1 3 2p li lc 1 3 1t li ll 1 3
    2p li ll 1 3 1t li lf 1 3 2p li lf 1 3 1t mb li 1 3 2p mb li 1 2 1x mb 1 2 2t mb 1 2 1x ll 1 2 2t ll 1 2 1x lf 1 2
    2t lf 1 3 1x le ld 1 3 2t le ld 1 3 1x le lc 1 3 2t le lc 1 3 1x le ll 1 3 2t le ll 1 3 1x le lf 1 3 2t le lf 1 3
    1x mb le 1 3 2t mb le 1 2 21 ll 1 2 2x ll 1 2 21 mb 1 2 2x mb 1 2 27 mb 1 2 33 mb 1 2 27 ll 1 2 33 ll 1 3 27 le ld
    1 3 33 le ld 1 3 27 le lc 1 3 33 le lc 1 3 27 le ll 1 3 33 le ll 1 3 27 le lf 1 3 33 le lf 1 3 27 mb le 1 3 33 mb
    le 1 3 27 m3 ld 1 3 33 m3 ld 1 3 27 m3 lc 1 3 33 m3 lc 1 3 27 m3 ll 1 3 33 m3 ll 1 3 27 m3 lf 1 3 33 m3 lf 1 3 27
    m3 mb 1 3 33 m3 mb 1 2 2d mb 1 2 39 mb 1 2 2d ll 1 2 39 ll 1 3 2d m3 ld 1 3 39 m3 ld 1 3 2d m3 lc 1 3 39 m3 lc 1 3
    2d m3 ll 1 3 39 m3 ll 1 3 2d m3 lf 1 3 39 m3 lf 1 3 2d m3 mb 1 3 39 m3 mb 1 2 2h lc 1 2 3d lc 1 2 2h mb 1 2 3d mb
    1 2 2h ll 1 2 3d ll 1 2 2h lf 1 2 3d lf 7 2 q9 lv 1 2 q9 lw 1 3 q9 lv lc 1 3 q9 lw lc 1 3 q9 lv ld 1 3 q9 lw ld 1
    3 q9 lv n6 1 3 q9 lw n6 1 2 pd lv 1 2 pd lw 1 3 pd lv lc 1 3 pd lw lc 1 3 pd lv ld 1 3 pd lw ld 1 3 pd lv n6 1 3
    pd lw n6 1 2 qd lv 1 2 qd lw 1 3 qd lv lc 1 3 qd lw lc 1 3 qd lv ld 1 3 qd lw ld 3 2 ph lv 1 2 ph lw 1 3 ph lv lc
    1 3 ph lw lc 1 3 ph lv ld 1 3 ph lw ld 3 2 qf lv 1 2 qf lw 1 3 qf lv lc 1 3 qf lw lc 1 3 qf lv ld 1 3 qf lw ld 1 3
    qf lv n6 1 3 qf lw n6 1 2 pj lv 1 2 pj lw 1 3 pj lv lc 1 3 pj lw lc 1 3 pj lv ld 1 3 pj lw ld 1 3 pj lv n6 1 3 pj
    lw n6 1 2 qh lv 1 2 qh lw 1 3 qh lv lc 1 3 qh lw lc 1 3 qh lv ld 1 3 qh lw ld 1 3 qh lv n6 1 3 qh lw n6 1 2 pl lv
    1 2 pl lw 1 3 pl lv lc 1 3 pl lw lc 1 3 pl lv ld 1 3 pl lw ld 1 3 pl lv n6 1 3 pl lw n6 1 2 qn lv 1 2 qn lw 1 3 qn
    lv lc 1 3 qn lw lc 1 3 qn lv ld 1 3 qn lw ld 3 2 pr lv 1 2 pr lw 1 3 pr lv lc 1 3 pr lw lc 1 3 pr lv ld 1 3 pr lw
    ld 3 2 qt lv 1 2 qt lw 1 3 qt lv lc 1 3 qt lw lc 1 3 qt lv ld 1 3 qt lw ld 1 3 qt lv n6 1 3 qt lw n6 2 2 px lw 2 3
    px lw lc 2 3 px lw ld 2 3 px lw n6 1 2 qx lv 1 2 qx lw 1 3 qx lv lc 1 3 qx lw lc 1 3 qx lv ld 1 3 qx lw ld 1 3 qx
    lv n6 1 3 qx lw n6 1 2 q1 lv 1 2 q1 lw 1 3 q1 lv lc 1 3 q1 lw lc 1 3 q1 lv ld 1 3 q1 lw ld 1 3 q1 lv n6 1 3 q1 lw
    n6 1 2 q9 lc 1 2 q9 ld 1 2 qd lc 1 2 qd ld 1 2 qf lc 1 2 qf ld 1 2 qh lc 1 2 qh ld 1 2 qn lc 1 2 qn ld 1 2 qt lc 1
    2 qt ld 1 2 qx lc 1 2 qx ld 3 3 q9 lv n9 1 3 q9 lw n9 1 4 q9 lv lc n9 1 4 q9 lw lc n9 1 4 q9 lv ld n9 1 4 q9 lw ld
    n9 1 4 q9 lv n6 n9 1 4 q9 lw n6 n9 1 3 pd lv n9 1 3 pd lw n9 1 4 pd lv lc n9 1 4 pd lw lc n9 1 4 pd lv ld n9 1 4
    pd lw ld n9 1 4 pd lv n6 n9 1 4 pd lw n6 n9 1 3 qf lv n9 1 3 qf lw n9 1 4 qf lv lc n9 1 4 qf lw lc n9 1 4 qf lv ld
    n9 1 4 qf lw ld n9 1 4 qf lv n6 n9 1 4 qf lw n6 n9 1 3 pj lv n9 1 3 pj lw n9 1 4 pj lv lc n9 1 4 pj lw lc n9 1 4
    pj lv ld n9 1 4 pj lw ld n9 1 4 pj lv n6 n9 1 4 pj lw n6 n9 1 3 qx lv n9 1 3 qx lw n9 1 4 qx lv lc n9 1 4 qx lw lc
    n9 1 4 qx lv ld n9 1 4 qx lw ld n9 1 4 qx lv n6 n9 1 4 qx lw n6 n9 1 3 q1 lv n9 1 3 q1 lw n9 1 4 q1 lv lc n9 1 4
    q1 lw lc n9 1 4 q1 lv ld n9 1 4 q1 lw ld n9 1 4 q1 lv n6 n9 1 4 q1 lw n6 n9 1 2 q9 li 1 2 q9 lg 1 3 q9 lc n9 1 2
    q9 n9 1 3 q9 ld n9 2 2 q9 n6 1 3 q9 n6 n9 1 2 pd li 1 2 pd lg 1 2 pd lc 1 2 pd ld 1 2 pd n9 2 1 qh 3 2 4o n6 1 3
    qf lc n9 1 2 qf n9 1 3 qf ld n9 2 2 qf n6 1 3 qf n6 n9 1 2 ph lc 1 2 ph ld 1 2 pj lc 1 2 pj ld 1 2 pj n9 1 2 69r
    lc 1 2 69r ld 1 2 69r n6 1 2 qh li 1 2 qh lg 1 3 qh lk lc 1 3 qh lk ld 3 2 qh n6 1 3 qh lk n6 1 2 pl li 1 2 pl lg
    1 2 pl lc 1 2 pl ld 2 2 6bi lc 1 2 6bi ld 1 2 6bi n6 1 2 qt li 1 2 qt lg 1 3 qt lk lc 1 3 qt lk ld 1 2 qp lv 1 2
    qp lw 1 2 qt n6 1 3 qt lk n6 1 2 px li 1 2 px lg 1 2 px lc 1 2 px ld 1 2 pt lw 1 2 4o lc 1 2 4o ld 1 1 2o 3 3 qx
    lc n9 1 2 qx n9 1 3 qx ld n9 2 2 qx n6 1 3 qx n6 n9 1 2 pr lc 1 2 pr ld 1 2 q1 lc 1 2 q1 ld 1 2 q1 n9 1 1 50 3 1
    6bm 1 1 6bn 85 1 q1 4 1 23 1 2 1t lm 33 2 6mo mw 1 2 6mq mw j 2 6ms mw v 2 6og mw 1 2 6ok mw 1 2 6oi mw 1h 2 6pv
    mw 5 2 6q0 mw 3 2 6q3 mw o 2 6qr mw 2 2 6qt mw r 2 6rg mw 3 2 6rn mw 3 2 6rp mw 2 2 6rs mw n 2 1p mw 2 2 6sh mw b
    2 6rx mw 1 2 1o mw 1 2 1q mw 1 2 6sk mw 1 2 6sl mw 3 2 6sy mw 1 2 6sz mw 3 2 6t2 mw 1 2 6t3 mw 7 2 6t6 mw 1 2 6t7
    mw 3 2 6te mw 1 2 6tf mw 3 2 6ti mw 1 2 6tj mw z 2 6ua mw 1 2 6ug mw 1 2 6uh mw 1 2 6uj mw 1d 2 6t8 mw 1 2 6t9 mw
    1 2 6tt mw 1 2 6tu mw 7 2 6uq mw 1 2 6ur mw 1 2 6us mw 1 2 6ut mw 1o 1 9hk 1 1 9hl 1iq 2 8gt mw 12o 2 9jf 9ll 2 2
    9jh 9ll 2 2 9jj 9ll 2 2 9jl 9ll 2 2 9jn 9ll 2 2 9jp 9ll 2 2 9jr 9ll 2 2 9jt 9ll 2 2 9jv 9ll 2 2 9jx 9ll 2 2 9jz
    9ll 2 2 9k1 9ll 3 2 9k4 9ll 2 2 9k6 9ll 2 2 9k8 9ll 7 2 9kf 9ll 1 2 9kf 9lm 2 2 9ki 9ll 1 2 9ki 9lm 2 2 9kl 9ll 1
    2 9kl 9lm 2 2 9ko 9ll 1 2 9ko 9lm 2 2 9kr 9ll 1 2 9kr 9lm n 2 9ja 9ll a 2 9lp 9ll e 2 9m3 9ll 2 2 9m5 9ll 2 2 9m7
    9ll 2 2 9m9 9ll 2 2 9mb 9ll 2 2 9md 9ll 2 2 9mf 9ll 2 2 9mh 9ll 2 2 9mj 9ll 2 2 9ml 9ll 2 2 9mn 9ll 2 2 9mp 9ll 3
    2 9ms 9ll 2 2 9mu 9ll 2 2 9mw 9ll 7 2 9n3 9ll 1 2 9n3 9lm 2 2 9n6 9ll 1 2 9n6 9lm 2 2 9n9 9ll 1 2 9n9 9lm 2 2 9nc
    9ll 1 2 9nc 9lm 2 2 9nf 9ll 1 2 9nf 9lm n 2 9ly 9ll 3 2 9nz 9ll 1 2 9o0 9ll 1 2 9o1 9ll 1 2 9o2 9ll 4 2 9od 9ll
    13ia 1 rpk 1 1 kc4 1 1 s7e 1 1 rt4 1 1 lw1 1 1 fg2 1 1 gkl 1 1 vj0 1 1 vj0 1 1 hn5 1 1 ssx 1 1 gw7 1 1 hmw 1 1 jcm
    1 1 ne1 1 1 p6t 1 1 qin 1 1 qt6 1 1 r20 1 1 sjz 1 1 kxu 1 1 ljv 1 1 mah 1 1 mvy 1 1 q4d 1 1 sq2 1 1 uep 1 1 fia 1
    1 ghh 1 1 l50 1 1 mjf 1 1 qi5 1 1 v8e 1 1 ifk 1 1 m3v 1 1 qfh 1 1 r50 1 1 jih 1 1 pnc 1 1 qvz 1 1 iq2 1 1 kd3 1 1
    lm2 1 1 mpo 1 1 slq 1 1 fpi 1 1 g53 1 1 gda 1 1 jwk 1 1 l3n 1 1 mj4 1 1 nhj 1 1 pa9 1 1 qh2 1 1 qjg 1 1 s1b 1 1
    tv6 1 1 upb 1 1 v7e 1 1 nt8 1 1 nzz 1 1 otc 1 1 q15 1 1 t1g 1 1 vb3 1 1 rfa 1 1 hjz 1 1 iro 1 1 okg 1 1 pdq 1 1
    mle 1 1 nuy 1 1 rsy 1 1 ttj 1 1 hjs 1 1 i8y 1 1 kyb 1 1 lp6 1 1 lxr 1 1 oq7 1 1 oxj 1 1 tor 1 1 gcy 1 1 pe3 1 1
    g64 1 1 g5o 1 1 o4c 1 1 ou6 1 1 q29 1 1 tpx 1 1 rk0 1 1 jin 1 1 kxu 1 1 rge 1 1 fg9 1 1 i5j 1 1 iz6 1 1 mtj 1 1
    n74 1 1 gev 1 1 nwb 1 1 fr3 1 1 iw9 1 1 ff1 1 1 lho 1 1 k1k 1 1 opu 1 1 gjn 1 1 hge 1 1 ni9 1 1 q4p 1 1 re2 1 1
    la2 1 1 sds 1 1 lfs 1 1 jjy 1 1 put 1 1 jog 1 1 n6t 1 1 fji 1 1 g2x 1 1 g5l 1 1 kn5 1 1 oo7 1 1 prj 1 1 rf6 1 1
    ssv 1 1 gdx 1 1 gn6 1 1 ho3 1 1 ir0 1 1 k3p 1 1 m4e 1 1 nxm 1 1 tkd 1 1 ui2 1 1 vbr 1 1 vda 1 1 gbf 1 1 kau 1 1
    l87 1 1 sbm 1 1 ino 1 1 j9s 1 1 jcw 1 1 jve 1 1 lyb 1 1 mdl 1 1 n0p 1 1 o22 1 1 ovo 1 1 pdb 1 1 s9y 1 1 q9a 1 1
    sgz 1 1 t3e 1 1 g7r 1 1 gbn 1 1 gql 1 1 ma0 1 1 r0i 1 1 re2 1 1 iq1 1 1 iyd 1 1 jnf 1 1 l9q 1 1 oji 1 1 mt1 1 1
    fl0 1 1 h6h 1 1 i5j 1 1 iii 1 1 izg 1 1 muq 1 1 mzt 1 1 p7e 1 1 pc6 1 1 svo 1 1 tti 1 1 tvs 1 1 u1k 1 1 fpn 1 1
    o1a 1 1 ss4 1 1 trs 1 1 j4x 1 1 fie 1 1 fyy 1 1 i5q 1 1 i7z 1 1 k2h 1 1 kxu 1 1 mha 1 1 ncy 1 1 q9o 1 1 sjg 1 1
    vil 1 1 k94 1 1 tny 1 1 gax 1 1 kfv 1 1 kj7 1 1 lkx 1 1 luk 1 1 mx5 1 1 n6h 1 1 nsb 1 1 opc 1 1 u3i 1 1 g31 1 1
    je6 1 1 tq0 1 1 fu3 1 1 ie1 1 1 lpm 1 1 sa2 1 1 ivf 1 1 j7o 1 1 kk7 1 1 mtj 1 1 tqe 1 1 g89 1 1 glr 1 1 i91 1 1
    k5v 1 1 kem 1 1 ko8 1 1 lid 1 1 mx2 1 1 naa 1 1 p6h 1 1 r0v 1 1 r1d 1 1 sss 1 1 tsy 1 1 gfz 1 1 lve 1 1 gm5 1 1
    mhc 1 1 n14 1 1 qgq 1 1 tr7 1 1 uvr 1 1 vbz 1 1 kgn 1 1 lor 1 1 pns 1 1 o97 1 1 obk 1 1 olu 1 1 mo0 1 1 m8p 1 1
    riw 1 1 fk0 1 1 px2 1 1 g8q 1 1 g7b 1 1 ip2 1 1 jir 1 1 onq 1 1 i2t 1 1 ljy 1 1 kac 1 1 saj 1 1 qx8 1 1 tot 1 1
    r63 1 1 iqb 1 1 g1s 1 1 gxs 3 1 hga 2 1 k8k 3 1 g66 1 1 mqy 1 1 ngq 1 1 ny4 1 1 nz2 1 1 nz9 1 1 o0f 1 1 tw6 1 1
    on2 1 1 p8d 2 1 qhe 2 1 rg8 3 1 shk 1 1 sn1 4 1 u7j 1 1 u7w 1 1 u94 1 1 v5g 1 1 sm6 1 1 trr 1 1 fqm 1 1 fzb 1 1
    g25 1 1 gcp 1 1 gdg 1 1 ggh 1 1 gwt 1 1 gzq 1 1 h2g 1 1 hfk 1 1 hig 1 1 i90 1 1 i9a 1 1 j2s 1 1 j8o 1 1 j9q 1 1
    jci 1 1 k0f 1 1 k4i 1 1 k9d 1 1 kn9 1 1 lmf 1 1 lqy 1 1 lya 1 1 mem 1 1 mjv 1 1 mxu 1 1 ntd 1 1 ny6 1 1 nyh 1 1
    nyg 1 1 nyo 1 1 nyu 1 1 nz1 1 1 o0d 1 1 o0e 1 1 o5c 1 1 o75 1 1 og0 1 1 ovo 1 1 ow9 1 1 oxt 1 1 p6a 1 1 pad 1 1
    pnx 1 1 prt 1 1 prt 1 1 q53 1 1 r2o 1 1 r6e 1 1 rgh 1 1 ri1 1 1 rtf 1 1 ruw 1 1 sdy 1 1 shk 1 1 tsz 1 1 u0v 1 1
    u2j 1 1 j1x 1 1 36cu 1 1 pp4 3 1 ffq 1 1 g51 1 1 g2w 1 1 fpc 1 1 g1x 1 1 g3k 1 1 gcn 1 1 ge2 1 1 gwt 1 1 gut 1 1
    gwp 1 1 gyq 1 1 hga 1 1 hir 1 1 hms 1 1 hn8 1 1 huq 1 1 i08 1 1 iqa 1 1 iqh 1 1 iuh 1 1 iwd 1 1 j4o 1 1 j7y 1 1
    j60 1 1 j9q 1 1 j8g 1 1 jci 1 1 jec 1 1 jpg 1 1 jrw 1 1 jte 1 1 k0m 1 1 k8k 1 1 kd3 1 1 kd7 1 1 keu 1 1 l89 1 1
    la2 1 1 lkx 1 1 lwb 1 1 lvv 1 1 lya 1 1 m5a 1 1 mem 1 1 nmv 1 1 mk5 1 1 mnj 1 1 mqy 1 1 n01 1 1 n46 1 1 n5n 1 1
    nbx 1 1 nbz 1 1 ngq 1 1 nh7 1 1 nhw 1 1 nka 1 1 nk0 1 1 nv0 1 1 o8h 1 1 og0 1 1 ol7 1 1 orf 1 1 ovo 1 1 p4u 1 1
    pad 1 1 pxu 1 1 q27 1 1 qrd 1 1 r41 1 1 r5y 1 1 r6e 1 1 ren 1 1 rg8 1 1 rez 1 1 rgh 1 1 rge 1 1 rfx 1 1 ri1 1 1
    rka 1 1 ruw 1 1 sag 1 1 sj6 1 1 srd 1 1 sxi 1 1 tq4 1 1 tsz 1 1 tw6 1 1 tzv 1 1 u0v 1 1 u17 1 1 u2j 1 1 umq 1 1
    vj0 1 1 313e 1 1 3138 1 1 33dh 1 1 brx 1 1 cns 1 1 cop 1 1 39e1 1 1 3bgw 1 1 3i6r 1 1 vgj 1 1 vim 1w 2 15l 14k 2 2
    16a 14n b 2 161 14x 1 2 161 14y 1 3 161 14s 14x 1 3 161 14s 14y 1 2 15c 14n 1 2 15c 14o 1 2 15c 14s 1 2 15d 14s 1
    2 15e 14s 1 2 15f 14s 1 2 15g 14s 1 2 15h 14s 1 2 15i 14s 2 2 15k 14s 1 2 15l 14s 1 2 15m 14s 1 2 15n 14s 1 2 15o
    14s 2 2 15q 14s 2 2 15s 14s 1 2 15t 14s 2 2 15v 14s 1 2 15w 14s 2 2 15y 14s 1 2 15z 14s 1 2 160 14s 1 2 161 14s 1
    2 162 14s 1 2 15h 14p 1 2 15d 14v 1 2 15n 14v 1 2 15w 14v 47g 2 1huh 1hve 2 2 1huj 1hve f 2 1hut 1hve 3n 2 1hyp
    1hyf 1 2 1hyq 1hyf f0 2 1idj 1ida 1 2 1idj 1idz a7 2 1int 1inu 1 2 1int 1ink 2 2 1int 1inx 70 2 1iuw 1iun 1 2 1iux
    1iun 112b 2 2jx3 2jxh 1 2 2jx4 2jxh 1 3 2jx4 2jxh 2jxq 1 3 2jx4 2jxh 2jxr 1 3 2jx4 2jxh 2jxs 1 3 2jx4 2jxh 2jxt 1
    3 2jx4 2jxh 2jxu 2f 2 2jzt 2jxh 1 2 2jzu 2jxh 1 3 2jzt 2jxh 2jxq 1 3 2jzu 2jxh 2jxq 1 3 2jzt 2jxh 2jxr 1 3 2jzu
    2jxh 2jxr 1m4g 1 fgd 1 1 fg8 1 1 fgh 1 1 2tcy 1 1 fog 1 1 fqm 1 1 fqz 1 1 fsy 1 1 fwa 1 1 fx5 1 1 fzb 1 1 fyn 1 1
    ae6 1 1 2ud6 1 1 g25 1 1 g2c 1 1 g2s 1 1 g3b 1 1 2u58 1 1 aex 1 1 g2v 1 1 g3x 1 1 2u6j 1 1 g47 1 1 g4k 1 1 fkc 1 1
    g4s 1 1 g51 1 1 3ly7 1 1 g6t 1 1 g77 1 1 afz 1 1 g8r 1 1 g92 1 1 gaa 1 1 gaf 1 1 ahh 1 1 gcn 1 1 gcp 1 1 gdg 1 1
    ge2 1 1 ged 1 1 gee 1 1 gev 1 1 gg9 1 1 ggh 1 1 ggq 1 1 ghf 1 1 ghp 1 1 ghr 1 1 ghr 1 1 ghr 1 1 2v58 1 1 m7k 1 1
    gju 1 1 gkf 1 1 2vdv 1 1 gkr 1 1 gkx 1 1 gli 1 1 gpq 1 1 gmw 1 1 gnc 1 1 go8 1 1 gpu 1 1 gs6 1 1 gsw 1 1 gur 1 1
    gv7 1 1 gw4 1 1 gw4 1 1 gwp 1 1 gx7 1 1 gxf 1 1 gxu 1 1 h7a 1 1 gzq 1 1 h7b 1 1 h1t 1 1 h2s 1 1 g7b 1 1 hke 1 1
    hce 1 1 hdg 1 1 he5 1 1 haj 1 1 hf6 1 1 hf5 1 1 hik 1 1 2x9g 1 1 hki 1 1 hkn 1 1 hl2 1 1 hlm 1 1 hlu 1 1 hnm 1 1
    2xm0 1 1 2xnu 1 1 hrg 1 1 hsr 1 1 ht3 1 1 hqw 1 1 huu 1 1 aum 1 1 av0 1 1 hzc 1 1 i0u 1 1 i0u 1 1 2y88 1 1 i4j 1 1
    i54 1 1 i5j 1 1 i5v 1 1 2yhk 1 1 i67 1 1 i6e 1 1 itv 1 1 i76 1 1 ayp 1 1 i8w 1 1 i9a 1 1 ibk 1 1 ia5 1 1 2z1g 1 1
    if7 1 1 2z1i 1 1 ige 1 1 igb 1 1 igs 1 1 ijl 1 1 ijm 1 1 b3j 1 1 ikd 1 1 ilk 1 1 im5 1 1 ind 1 1 b4y 1 1 2zr7 1 1
    b5o 1 1 ipc 1 1 ipf 1 1 ipi 1 1 iq2 1 1 3pg2 1 1 iri 1 1 3035 1 1 3035 1 1 poh 1 1 isi 1 1 isi 1 1 b7r 1 1 335k 1
    1 3cgq 1 1 iua 1 1 iuj 1 1 b8j 1 1 ivu 1 1 ix9 1 1 ixj 1 1 iyh 1 1 j29 1 1 bay 1 1 ba4 1 1 j2s 1 1 30t0 1 1 j47 1
    1 j7s 1 1 j7w 1 1 j7y 1 1 j7w 1 1 j96 1 1 j9q 1 1 jaq 1 1 jac 1 1 jan 1 1 jby 1 1 jci 1 1 jcm 1 1 jdc 1 1 jdn 1 1
    jfh 1 1 jht 1 1 jis 1 1 jm8 1 1 31n0 1 1 jlp 1 1 jjw 1 1 jmw 1 1 jnn 1 1 jqc 1 1 31td 1 1 js2 1 1 jph 1 1 jop 1 1
    bhq 1 1 ju1 1 1 jum 1 1 jvh 1 1 juf 1 1 bjg 1 1 k0f 1 1 k18 1 1 32mi 1 1 k4j 1 1 kc8 1 1 k7d 1 1 bo9 1 1 k9d 1 1
    bns 1 1 bms 1 1 g42 1 1 g45 1 1 kcg 1 1 k9o 1 1 pf1 1 1 deh 1 1 kd3 1 1 kd7 1 1 kdd 1 1 kf2 1 1 ker 1 1 33cz 1 1
    bpl 1 1 kje 1 1 kg5 1 1 klu 1 1 kn9 1 1 33hp 1 1 kni 1 1 kkf 1 1 kr8 1 1 brx 1 1 ksi 1 1 kv7 1 1 kx6 1 1 l2g 1 1
    33xf 1 1 l3v 1 1 bvc 1 1 l5t 1 1 34br 1 1 l78 1 1 bwu 1 1 l82 1 1 l9b 1 1 la2 1 1 la3 1 1 34p9 1 1 2yvf 1 1 34sa 1
    1 le6 1 1 354s 1 1 lhb 1 1 lhp 1 1 lev 1 1 ljq 1 1 lku 1 1 lmf 1 1 lkx 1 1 lm1 1 1 lmg 1 1 lmt 1 1 357i 1 1 lkk 1
    1 lrj 1 1 lta 1 1 c37 1 1 lvv 1 1 lvr 1 1 35jl 1 1 lq1 1 1 m0e 1 1 35ni 1 1 35ou 1 1 m2u 1 1 m61 1 1 m5a 1 1 m57 1
    1 c5y 1 1 m6i 1 1 m7x 1 1 m7r 1 1 m99 1 1 2u5h 1 1 mdh 1 1 368z 1 1 mfw 1 1 36i3 1 1 mjs 1 1 mk5 1 1 mkw 1 1 36yw
    1 1 mm8 1 1 mmt 1 1 3779 1 1 37dg 1 1 mt6 1 1 mtn 1 1 cdo 1 1 mud 1 1 ce0 1 1 ce0 1 1 myv 1 1 mzg 1 1 n01 1 1 n0l
    1 1 n2i 1 1 cgr 1 1 n50 1 1 386u 1 1 n5q 1 1 389e 1 1 n74 1 1 2zrz 1 1 nbk 1 1 38v5 1 1 38vs 1 1 38zo 1 1 cn0 1 1
    cnc 1 1 nhw 1 1 394j 1 1 394i 1 1 395l 1 1 396b 1 1 nj2 1 1 nj3 1 1 nj3 1 1 nka 1 1 cop 1 1 nm3 1 1 cp2 1 1 cra 1
    1 39r1 1 1 nri 1 1 nt8 1 1 nv0 1 1 ctf 1 1 3a5i 1 1 nyu 1 1 3a8q 1 1 3a9x 1 1 o0f 1 1 o2z 1 1 cvj 1 1 o5c 1 1 o5m
    1 1 o5r 1 1 3at8 1 1 3b1j 1 1 3b1j 1 1 oa6 1 1 d1e 1 1 3b8r 1 1 og6 1 1 og9 1 1 d2f 1 1 3beo 1 1 onm 1 1 d5s 1 1
    oo8 1 1 oo3 1 1 oow 1 1 3c06 1 1 orn 1 1 d8h 1 1 ouf 1 1 ow2 1 1 oxx 1 1 d9w 1 1 3ciw 1 1 3cjr 1 1 dax 1 1 3cnt 1
    1 p6i 1 1 3cqm 1 1 p79 1 1 pa2 1 1 pad 1 1 3d22 1 1 3d43 1 1 pcw 1 1 3d7s 1 1 pdc 1 1 33a7 1 1 ded 1 1 pf6 1 1 phf
    1 1 dfv 1 1 pj2 1 1 hx1 1 1 3dlz 1 1 3dmd 1 1 33bn 1 1 33bw 1 1 poh 1 1 pok 1 1 sda 1 1 dij 1 1 psh 1 1 psb 1 1
    pst 1 1 gc3 1 1 ptd 1 1 ptf 1 1 ptp 1 1 puu 1 1 3ebg 1 1 put 1 1 pwd 1 1 pyb 1 1 q0d 1 1 pwj 1 1 q0t 1 1 q1z 1 1
    q53 1 1 pxv 1 1 q16 1 1 q18 1 1 q1o 1 1 3eie 1 1 3eqz 1 1 3emt 1 1 dnv 1 1 q9d 1 1 q9f 1 1 qae 1 1 3g0a 1 1 qck 1
    1 3f3g 1 1 dp9 1 1 dpd 1 1 3f75 1 1 3ff6 1 1 dpn 1 1 qj4 1 1 qjg 1 1 qjr 1 1 qjt 1 1 qll 1 1 qko 1 1 qoe 1 1 qn6 1
    1 qrd 1 1 qp4 1 1 qqz 1 1 qrq 1 1 dsn 1 1 qu9 1 1 qv5 1 1 dtl 1 1 qxs 1 1 qxv 1 1 3giv 1 1 r13 1 1 r1a 1 1 dv9 1 1
    r22 1 1 aez 1 1 3gz2 1 1 3h46 1 1 dz2 1 1 dzb 1 1 rds 1 1 rfx 1 1 rka 1 1 rpx 1 1 3hrc 1 1 rsb 1 1 rsx 1 1 rvf 1 1
    rxz 1 1 3i9b 1 1 2upw 1 1 s0b 1 1 rzw 1 1 s1c 1 1 2uvy 1 1 s7o 1 1 sag 1 1 3jki 1 1 3jl9 1 1 sk4 1 1 smp 1 1 snl 1
    1 3ju6 1 1 snv 1 1 svs 1 1 t07 1 1 t08 1 1 sxo 1 1 t89 1 1 t91 1 1 3ksa 1 1 tjf 1 1 ej9 1 1 tkn 1 1 3l2v 1 1 eli 1
    1 ts3 1 1 iia 1 1 tur 1 1 3ltx 1 1 3lzu 1 1 epa 1 1 epi 1 1 u00 1 1 3mdm 1 1 er6 1 1 3mhi 1 1 u17 1 1 u17 1 1 u21
    1 1 3mpi 1 1 u76 1 1 eur 1 1 u95 1 1 ucn 1 1 ude 1 1 uf2 1 1 ez2 1 1 3nsg 1 1 umq 1 1 uv4 1 1 v0d 1 1 f66 1 1 f71
    1 1 v3b 1 1 3owe 1 1 f7c 1 1 3oxx 1 1 3p5a 1 1 3p8x 1 1 vcr 1 1 f9y 1 1 veh 1 1 vem 1 1 vet 1 1 vf3 1 1 vfa 1 1
    vgb 1 1 3pxc
    """
}
