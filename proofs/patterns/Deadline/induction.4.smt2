; tellverify/smt-1
; obligation: Deadline/claim
; source: specs/patterns/resilience.toml
; sha256: 54eff93b1233c6fae495182f587f26a00c1ebfbc4228747c802b934195361921
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p11 p12")
(set-logic QF_LIA)
; x0: workers
(declare-const x0 Int)
; x1: deadline
(declare-const x1 Int)
; x2: x.phase
(declare-const x2 Int)
; x3: x.clock
(declare-const x3 Int)
; x4: x.failures
(declare-const x4 Int)
; x5: who
(declare-const x5 Int)
; x6: x.finished.0
(declare-const x6 Bool)
; x7: x.finished.1
(declare-const x7 Bool)
; x8: x.finished.2
(declare-const x8 Bool)
; x9: x.finished.3
(declare-const x9 Bool)
; p0: premise 0
(assert (! (not (< x0 0)) :named p0))
; p1: premise 1
(assert (! (not (< x1 0)) :named p1))
; p2: premise 2
(assert (! (not (< 4 x0)) :named p2))
; p3: premise 3
(assert (! (not (< x2 0)) :named p3))
; p4: premise 4
(assert (! (< x2 4) :named p4))
; p5: premise 5
(assert (! (not (< x3 0)) :named p5))
; p6: premise 6
(assert (! (not (< x4 0)) :named p6))
; p7: premise 7
(assert (! (not (< x5 0)) :named p7))
; p8: premise 8
(assert (! (ite (= x2 1) (and (= (+ 0 (ite x6 1 0) (ite x7 1 0) (ite x8 1 0) (ite x9 1 0)) x0) (= x4 0)) true) :named p8))
; p9: premise 9
(assert (! (and (not (< 1 x4)) (ite (< 0 x4) (= x2 2) true)) :named p9))
; p10: premise 10
(assert (! (not (< x1 x3)) :named p10))
; p11: premise 11
(assert (! (and (and (= x2 0) (< x5 x0)) (not (or (and (= x5 0) x6) (and (= x5 1) x7) (and (= x5 2) x8) (and (= x5 3) x9)))) :named p11))
; p12: premise 12
(assert (! (not (ite (= x2 1) (and (= (+ 0 (ite (or (= x5 0) x6) 1 0) (ite (or (= x5 1) x7) 1 0) (ite (or (= x5 2) x8) 1 0) (ite (or (= x5 3) x9) 1 0)) x0) (= x4 0)) true)) :named p12))
(check-sat)
