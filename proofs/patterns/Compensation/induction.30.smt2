; tellverify/smt-1
; obligation: Compensation/claim
; source: specs/patterns/resilience.toml
; sha256: 54eff93b1233c6fae495182f587f26a00c1ebfbc4228747c802b934195361921
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p12 p15 p16")
(set-logic QF_LIA)
; x0: operations
(declare-const x0 Int)
; x1: x.phase
(declare-const x1 Int)
; x2: x.completed
(declare-const x2 Int)
; x3: x.next
(declare-const x3 Int)
; x4: x.twice
(declare-const x4 Bool)
; x5: x.out_of_order
(declare-const x5 Bool)
; x6: x.undone.0
(declare-const x6 Bool)
; x7: x.executed.0
(declare-const x7 Bool)
; x8: x.undone.1
(declare-const x8 Bool)
; x9: x.executed.1
(declare-const x9 Bool)
; x10: x.undone.2
(declare-const x10 Bool)
; x11: x.executed.2
(declare-const x11 Bool)
; x12: x.undone.3
(declare-const x12 Bool)
; x13: x.executed.3
(declare-const x13 Bool)
; x14: x.undone.4
(declare-const x14 Bool)
; x15: x.executed.4
(declare-const x15 Bool)
; x16: x.undone.5
(declare-const x16 Bool)
; x17: x.executed.5
(declare-const x17 Bool)
; p0: premise 0
(assert (! (not (< x0 0)) :named p0))
; p1: premise 1
(assert (! (not (< 6 x0)) :named p1))
; p2: premise 2
(assert (! (not (< x1 0)) :named p2))
; p3: premise 3
(assert (! (< x1 4) :named p3))
; p4: premise 4
(assert (! (not (< x2 0)) :named p4))
; p5: premise 5
(assert (! (not (< x3 0)) :named p5))
; p6: premise 6
(assert (! (not x4) :named p6))
; p7: premise 7
(assert (! (not x5) :named p7))
; p8: premise 8
(assert (! (ite (= x1 3) (and (= x6 x7) (= x8 x9) (= x10 x11) (= x12 x13) (= x14 x15) (= x16 x17)) true) :named p8))
; p9: premise 9
(assert (! (ite (= x1 2) (and (and (= x6 false) (= x8 false) (= x10 false) (= x12 false) (= x14 false) (= x16 false)) (= (+ 0 (ite x7 1 0) (ite x9 1 0) (ite x11 1 0) (ite x13 1 0) (ite x15 1 0) (ite x17 1 0)) x0)) true) :named p9))
; p10: premise 10
(assert (! (and (or (not x6) x7) (or (not x8) x9) (or (not x10) x11) (or (not x12) x13) (or (not x14) x15) (or (not x16) x17)) :named p10))
; p11: premise 11
(assert (! (and (and (and (and (and (= (or (and (= 0 0) x7) (and (= 0 1) x9) (and (= 0 2) x11) (and (= 0 3) x13) (and (= 0 4) x15) (and (= 0 5) x17)) (< 0 x2)) (= (or (and (= 1 0) x7) (and (= 1 1) x9) (and (= 1 2) x11) (and (= 1 3) x13) (and (= 1 4) x15) (and (= 1 5) x17)) (< 1 x2))) (= (or (and (= 2 0) x7) (and (= 2 1) x9) (and (= 2 2) x11) (and (= 2 3) x13) (and (= 2 4) x15) (and (= 2 5) x17)) (< 2 x2))) (= (or (and (= 3 0) x7) (and (= 3 1) x9) (and (= 3 2) x11) (and (= 3 3) x13) (and (= 3 4) x15) (and (= 3 5) x17)) (< 3 x2))) (= (or (and (= 4 0) x7) (and (= 4 1) x9) (and (= 4 2) x11) (and (= 4 3) x13) (and (= 4 4) x15) (and (= 4 5) x17)) (< 4 x2))) (= (or (and (= 5 0) x7) (and (= 5 1) x9) (and (= 5 2) x11) (and (= 5 3) x13) (and (= 5 4) x15) (and (= 5 5) x17)) (< 5 x2))) :named p11))
; p12: premise 12
(assert (! (and (and (and (and (and (= (or (and (= 0 0) x6) (and (= 0 1) x8) (and (= 0 2) x10) (and (= 0 3) x12) (and (= 0 4) x14) (and (= 0 5) x16)) (and (and (or (= x1 1) (= x1 3)) (not (< 0 x3))) (< 0 x2))) (= (or (and (= 1 0) x6) (and (= 1 1) x8) (and (= 1 2) x10) (and (= 1 3) x12) (and (= 1 4) x14) (and (= 1 5) x16)) (and (and (or (= x1 1) (= x1 3)) (not (< 1 x3))) (< 1 x2)))) (= (or (and (= 2 0) x6) (and (= 2 1) x8) (and (= 2 2) x10) (and (= 2 3) x12) (and (= 2 4) x14) (and (= 2 5) x16)) (and (and (or (= x1 1) (= x1 3)) (not (< 2 x3))) (< 2 x2)))) (= (or (and (= 3 0) x6) (and (= 3 1) x8) (and (= 3 2) x10) (and (= 3 3) x12) (and (= 3 4) x14) (and (= 3 5) x16)) (and (and (or (= x1 1) (= x1 3)) (not (< 3 x3))) (< 3 x2)))) (= (or (and (= 4 0) x6) (and (= 4 1) x8) (and (= 4 2) x10) (and (= 4 3) x12) (and (= 4 4) x14) (and (= 4 5) x16)) (and (and (or (= x1 1) (= x1 3)) (not (< 4 x3))) (< 4 x2)))) (= (or (and (= 5 0) x6) (and (= 5 1) x8) (and (= 5 2) x10) (and (= 5 3) x12) (and (= 5 4) x14) (and (= 5 5) x16)) (and (and (or (= x1 1) (= x1 3)) (not (< 5 x3))) (< 5 x2)))) :named p12))
; p13: premise 13
(assert (! (and (and (and (and (not (< x2 x3)) (not (< x0 x2))) (ite (or (= x1 0) (= x1 2)) (= x3 0) true)) (ite (= x1 3) (= x3 0) true)) (ite (= x1 2) (= x2 x0) true)) :named p13))
; p14: premise 14
(assert (! (ite (= x1 1) (= (+ 0 x3 (+ 0 (ite x6 1 0) (ite x8 1 0) (ite x10 1 0) (ite x12 1 0) (ite x14 1 0) (ite x16 1 0))) x2) true) :named p14))
; p15: premise 15
(assert (! (and (= x1 0) (< x2 x0)) :named p15))
; p16: premise 16
(assert (! (not (and (or (not x6) (or (= x2 0) x7)) (or (not x8) (or (= x2 1) x9)) (or (not x10) (or (= x2 2) x11)) (or (not x12) (or (= x2 3) x13)) (or (not x14) (or (= x2 4) x15)) (or (not x16) (or (= x2 5) x17)))) :named p16))
(check-sat)
