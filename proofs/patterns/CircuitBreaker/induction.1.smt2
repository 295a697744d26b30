; tellverify/smt-1
; obligation: CircuitBreaker/claim
; source: specs/patterns/resilience.toml
; sha256: 54eff93b1233c6fae495182f587f26a00c1ebfbc4228747c802b934195361921
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p4")
(set-logic QF_LIA)
; x0: failure_threshold
(declare-const x0 Int)
; x1: recovery
(declare-const x1 Int)
; x2: test_requests
(declare-const x2 Int)
; p0: premise 0
(assert (! (not (< x0 0)) :named p0))
; p1: premise 1
(assert (! (not (< x1 0)) :named p1))
; p2: premise 2
(assert (! (not (< x2 0)) :named p2))
; p3: premise 3
(assert (! (and (not (< x0 1)) (not (< x2 1))) :named p3))
; p4: premise 4
(assert (! (not (and (not false) (ite (= 0 1) (= 0 0) true))) :named p4))
(check-sat)
