; tellverify/smt-1
; obligation: Deadline/claim
; source: specs/patterns/resilience.toml
; sha256: 54eff93b1233c6fae495182f587f26a00c1ebfbc4228747c802b934195361921
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p3")
(set-logic QF_LIA)
; x0: workers
(declare-const x0 Int)
; x1: deadline
(declare-const x1 Int)
; p0: premise 0
(assert (! (not (< x0 0)) :named p0))
; p1: premise 1
(assert (! (not (< x1 0)) :named p1))
; p2: premise 2
(assert (! (not (< 4 x0)) :named p2))
; p3: premise 3
(assert (! (not (and (not (< 1 0)) (ite (< 0 0) (= 0 2) true))) :named p3))
(check-sat)
