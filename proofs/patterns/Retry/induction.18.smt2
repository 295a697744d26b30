; tellverify/smt-1
; obligation: Retry/claim
; source: specs/patterns/resilience.toml
; sha256: 54eff93b1233c6fae495182f587f26a00c1ebfbc4228747c802b934195361921
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p15 p25")
(set-logic QF_LIA)
; x0: max_attempts
(declare-const x0 Int)
; x1: timeout
(declare-const x1 Int)
; x2: base
(declare-const x2 Int)
; x3: max_jitter
(declare-const x3 Int)
; x4: x.phase
(declare-const x4 Int)
; x5: x.attempts
(declare-const x5 Int)
; x6: x.calls
(declare-const x6 Int)
; x7: x.slowest
(declare-const x7 Int)
; x8: x.delay
(declare-const x8 Int)
; x9: x.waited
(declare-const x9 Int)
; x10: x.jitter
(declare-const x10 Int)
; x11: x.hard_errors
(declare-const x11 Int)
; p0: premise 0
(assert (! (not (< x0 0)) :named p0))
; p1: premise 1
(assert (! (not (< x1 0)) :named p1))
; p2: premise 2
(assert (! (not (< x2 0)) :named p2))
; p3: premise 3
(assert (! (not (< x3 0)) :named p3))
; p4: premise 4
(assert (! (and (and (not (< x0 1)) (not (< 6 x0))) (not (< x2 1))) :named p4))
; p5: premise 5
(assert (! (not (< x4 0)) :named p5))
; p6: premise 6
(assert (! (< x4 6) :named p6))
; p7: premise 7
(assert (! (not (< x5 0)) :named p7))
; p8: premise 8
(assert (! (not (< x6 0)) :named p8))
; p9: premise 9
(assert (! (not (< x7 0)) :named p9))
; p10: premise 10
(assert (! (not (< x8 0)) :named p10))
; p11: premise 11
(assert (! (not (< x9 0)) :named p11))
; p12: premise 12
(assert (! (not (< x10 0)) :named p12))
; p13: premise 13
(assert (! (not (< x11 0)) :named p13))
; p14: premise 14
(assert (! (and (not (< x0 x5)) (not (< x0 x6))) :named p14))
; p15: premise 15
(assert (! (ite (= x5 0) (and (not (< (+ 0 (* 0 x2) (* 0 x3)) x9)) (not (< (* 1 x1) x7))) (ite (= x5 1) (and (not (< (+ 0 (* 1 x2) (* 1 x3)) x9)) (not (< (* 2 x1) x7))) (ite (= x5 2) (and (not (< (+ 0 (* 3 x2) (* 2 x3)) x9)) (not (< (* 3 x1) x7))) (ite (= x5 3) (and (not (< (+ 0 (* 7 x2) (* 3 x3)) x9)) (not (< (* 4 x1) x7))) (ite (= x5 4) (and (not (< (+ 0 (* 15 x2) (* 4 x3)) x9)) (not (< (* 5 x1) x7))) (ite (= x5 5) (and (not (< (+ 0 (* 31 x2) (* 5 x3)) x9)) (not (< (* 6 x1) x7))) (ite (= x5 6) (and (not (< (+ 0 (* 63 x2) (* 6 x3)) x9)) (not (< (* 7 x1) x7))) false))))))) :named p15))
; p16: premise 16
(assert (! (ite (= x0 1) (not (< (+ 0 (+ 0 (* 1 x1) (* 1 x2)) (* 1 x3)) (+ 0 x7 x9))) (ite (= x0 2) (not (< (+ 0 (+ 0 (* 2 x1) (* 3 x2)) (* 2 x3)) (+ 0 x7 x9))) (ite (= x0 3) (not (< (+ 0 (+ 0 (* 3 x1) (* 7 x2)) (* 3 x3)) (+ 0 x7 x9))) (ite (= x0 4) (not (< (+ 0 (+ 0 (* 4 x1) (* 15 x2)) (* 4 x3)) (+ 0 x7 x9))) (ite (= x0 5) (not (< (+ 0 (+ 0 (* 5 x1) (* 31 x2)) (* 5 x3)) (+ 0 x7 x9))) (ite (= x0 6) (not (< (+ 0 (+ 0 (* 6 x1) (* 63 x2)) (* 6 x3)) (+ 0 x7 x9))) false)))))) :named p16))
; p17: premise 17
(assert (! (ite (< 0 x11) (and (= x4 4) (= x11 1)) true) :named p17))
; p18: premise 18
(assert (! (ite (= x4 5) (= x5 x0) true) :named p18))
; p19: premise 19
(assert (! (not (< (+ 0 (+ 0 x8 (* (- 1) x2)) x10) x9)) :named p19))
; p20: premise 20
(assert (! (ite (= x5 0) (and (= x8 (* 1 x2)) (= x10 (* 0 x3))) (ite (= x5 1) (and (= x8 (* 2 x2)) (= x10 (* 1 x3))) (ite (= x5 2) (and (= x8 (* 4 x2)) (= x10 (* 2 x3))) (ite (= x5 3) (and (= x8 (* 8 x2)) (= x10 (* 3 x3))) (ite (= x5 4) (and (= x8 (* 16 x2)) (= x10 (* 4 x3))) (ite (= x5 5) (and (= x8 (* 32 x2)) (= x10 (* 5 x3))) (ite (= x5 6) (and (= x8 (* 64 x2)) (= x10 (* 6 x3))) false))))))) :named p20))
; p21: premise 21
(assert (! (ite (= x6 0) (= x7 (* 0 x1)) (ite (= x6 1) (= x7 (* 1 x1)) (ite (= x6 2) (= x7 (* 2 x1)) (ite (= x6 3) (= x7 (* 3 x1)) (ite (= x6 4) (= x7 (* 4 x1)) (ite (= x6 5) (= x7 (* 5 x1)) (ite (= x6 6) (= x7 (* 6 x1)) false))))))) :named p21))
; p22: premise 22
(assert (! (= x6 (+ 0 x5 (ite (or (= x4 0) (= x4 5)) 0 1))) :named p22))
; p23: premise 23
(assert (! (ite (or (= x4 0) (= x4 5)) true (not (< x0 (+ 0 x5 1)))) :named p23))
; p24: premise 24
(assert (! (= x4 1) :named p24))
; p25: premise 25
(assert (! (not (ite (= x5 0) (and (not (< (+ 0 (* 0 x2) (* 0 x3)) x9)) (not (< (* 1 x1) x7))) (ite (= x5 1) (and (not (< (+ 0 (* 1 x2) (* 1 x3)) x9)) (not (< (* 2 x1) x7))) (ite (= x5 2) (and (not (< (+ 0 (* 3 x2) (* 2 x3)) x9)) (not (< (* 3 x1) x7))) (ite (= x5 3) (and (not (< (+ 0 (* 7 x2) (* 3 x3)) x9)) (not (< (* 4 x1) x7))) (ite (= x5 4) (and (not (< (+ 0 (* 15 x2) (* 4 x3)) x9)) (not (< (* 5 x1) x7))) (ite (= x5 5) (and (not (< (+ 0 (* 31 x2) (* 5 x3)) x9)) (not (< (* 6 x1) x7))) (ite (= x5 6) (and (not (< (+ 0 (* 63 x2) (* 6 x3)) x9)) (not (< (* 7 x1) x7))) false)))))))) :named p25))
(check-sat)
