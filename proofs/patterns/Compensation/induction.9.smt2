; tellverify/smt-1
; obligation: Compensation/claim
; source: specs/patterns/resilience.toml
; sha256: 54eff93b1233c6fae495182f587f26a00c1ebfbc4228747c802b934195361921
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p2")
(set-logic QF_LIA)
; x0: operations
(declare-const x0 Int)
; p0: premise 0
(assert (! (not (< x0 0)) :named p0))
; p1: premise 1
(assert (! (not (< 6 x0)) :named p1))
; p2: premise 2
(assert (! (not (ite (= 0 1) (= (+ 0 0 (+ 0 (ite false 1 0) (ite false 1 0) (ite false 1 0) (ite false 1 0) (ite false 1 0) (ite false 1 0))) 0) true)) :named p2))
(check-sat)
