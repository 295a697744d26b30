; tellverify/smt-1
; obligation: Deadline/claim
; source: specs/patterns/resilience.toml
; sha256: 54eff93b1233c6fae495182f587f26a00c1ebfbc4228747c802b934195361921
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p7 p11")
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
; x5: x.finished.0
(declare-const x5 Bool)
; x6: x.finished.1
(declare-const x6 Bool)
; x7: x.finished.2
(declare-const x7 Bool)
; x8: x.finished.3
(declare-const x8 Bool)
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
(assert (! (ite (= x2 1) (and (= (+ 0 (ite x5 1 0) (ite x6 1 0) (ite x7 1 0) (ite x8 1 0)) x0) (= x4 0)) true) :named p7))
; p8: premise 8
(assert (! (and (not (< 1 x4)) (ite (< 0 x4) (= x2 2) true)) :named p8))
; p9: premise 9
(assert (! (not (< x1 x3)) :named p9))
; p10: premise 10
(assert (! (and (= x2 0) (< x3 x1)) :named p10))
; p11: premise 11
(assert (! (not (ite (= x2 1) (and (= (+ 0 (ite x5 1 0) (ite x6 1 0) (ite x7 1 0) (ite x8 1 0)) x0) (= x4 0)) true)) :named p11))
(check-sat)
