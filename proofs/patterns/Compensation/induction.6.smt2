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
(assert (! (not (and (and (and (and (and (= (or (and (= 0 0) false) (and (= 0 1) false) (and (= 0 2) false) (and (= 0 3) false) (and (= 0 4) false) (and (= 0 5) false)) (< 0 0)) (= (or (and (= 1 0) false) (and (= 1 1) false) (and (= 1 2) false) (and (= 1 3) false) (and (= 1 4) false) (and (= 1 5) false)) (< 1 0))) (= (or (and (= 2 0) false) (and (= 2 1) false) (and (= 2 2) false) (and (= 2 3) false) (and (= 2 4) false) (and (= 2 5) false)) (< 2 0))) (= (or (and (= 3 0) false) (and (= 3 1) false) (and (= 3 2) false) (and (= 3 3) false) (and (= 3 4) false) (and (= 3 5) false)) (< 3 0))) (= (or (and (= 4 0) false) (and (= 4 1) false) (and (= 4 2) false) (and (= 4 3) false) (and (= 4 4) false) (and (= 4 5) false)) (< 4 0))) (= (or (and (= 5 0) false) (and (= 5 1) false) (and (= 5 2) false) (and (= 5 3) false) (and (= 5 4) false) (and (= 5 5) false)) (< 5 0)))) :named p2))
(check-sat)
