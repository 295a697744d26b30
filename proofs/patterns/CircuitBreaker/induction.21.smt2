; tellverify/smt-1
; obligation: CircuitBreaker/claim
; source: specs/patterns/resilience.toml
; sha256: 54eff93b1233c6fae495182f587f26a00c1ebfbc4228747c802b934195361921
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p12 p16")
(set-logic QF_LIA)
; x0: failure_threshold
(declare-const x0 Int)
; x1: recovery
(declare-const x1 Int)
; x2: test_requests
(declare-const x2 Int)
; x3: x.mode
(declare-const x3 Int)
; x4: x.failures
(declare-const x4 Int)
; x5: x.elapsed
(declare-const x5 Int)
; x6: x.testing
(declare-const x6 Int)
; x7: x.passed
(declare-const x7 Int)
; x8: x.early
(declare-const x8 Bool)
; p0: premise 0
(assert (! (not (< x0 0)) :named p0))
; p1: premise 1
(assert (! (not (< x1 0)) :named p1))
; p2: premise 2
(assert (! (not (< x2 0)) :named p2))
; p3: premise 3
(assert (! (and (not (< x0 1)) (not (< x2 1))) :named p3))
; p4: premise 4
(assert (! (not (< x3 0)) :named p4))
; p5: premise 5
(assert (! (< x3 3) :named p5))
; p6: premise 6
(assert (! (not (< x4 0)) :named p6))
; p7: premise 7
(assert (! (not (< x5 0)) :named p7))
; p8: premise 8
(assert (! (not (< x6 0)) :named p8))
; p9: premise 9
(assert (! (not (< x7 0)) :named p9))
; p10: premise 10
(assert (! (and (not x8) (ite (= x3 1) (= x6 0) true)) :named p10))
; p11: premise 11
(assert (! (not (< x2 x6)) :named p11))
; p12: premise 12
(assert (! (< x4 x0) :named p12))
; p13: premise 13
(assert (! (not (< x2 (+ 0 x6 x7))) :named p13))
; p14: premise 14
(assert (! (ite (= x3 0) (= x6 0) true) :named p14))
; p15: premise 15
(assert (! (or (and (= x3 1) (not (< x5 x1))) (and (= x3 2) (< (+ 0 x6 x7) x2))) :named p15))
; p16: premise 16
(assert (! (not (< x4 x0)) :named p16))
(check-sat)
