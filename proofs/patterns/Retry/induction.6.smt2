; tellverify/smt-1
; obligation: Retry/claim
; source: specs/patterns/resilience.toml
; sha256: 54eff93b1233c6fae495182f587f26a00c1ebfbc4228747c802b934195361921
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p5")
(set-logic QF_LIA)
; x0: max_attempts
(declare-const x0 Int)
; x1: timeout
(declare-const x1 Int)
; x2: base
(declare-const x2 Int)
; x3: max_jitter
(declare-const x3 Int)
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
(assert (! (not (not (< (+ 0 (+ 0 x2 (* (- 1) x2)) 0) 0))) :named p5))
(check-sat)
