; tellverify/smt-1
; obligation: FlowBudget/law[concurrent charge_second and charge_first]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p4 p5 p7")
(set-logic QF_LIA)
; x0: x.limit
(declare-const x0 Int)
; x1: x.spent.first
(declare-const x1 Int)
; x2: x.spent.second
(declare-const x2 Int)
; x3: x.epoch
(declare-const x3 Int)
; x4: cost
(declare-const x4 Int)
; x5: cost'
(declare-const x5 Int)
; p0: condition 0
(assert (! (not (< x0 0)) :named p0))
; p1: condition 1
(assert (! (not (< x1 0)) :named p1))
; p2: condition 2
(assert (! (not (< x2 0)) :named p2))
; p3: condition 3
(assert (! (not (< x3 0)) :named p3))
; p4: condition 4
(assert (! (not (< x4 0)) :named p4))
; p5: condition 5
(assert (! (not (< x5 0)) :named p5))
; p6: condition 6
(assert (! (not (< 18446744073709551615 x0)) :named p6))
; p7: the law is broken
(assert (! (not (and (= (ite (< x3 x3) x0 (ite (< x3 x3) x0 (ite (< x0 x0) x0 x0))) x0) (and (= (ite (< x3 x3) (+ 0 x1 x5) (ite (< x3 x3) x1 (ite (< x1 (+ 0 x1 x5)) (+ 0 x1 x5) x1))) (+ 0 x1 x5)) (= (ite (< x3 x3) x2 (ite (< x3 x3) (+ 0 x2 x4) (ite (< (+ 0 x2 x4) x2) x2 (+ 0 x2 x4)))) (+ 0 x2 x4))) (= (ite (< x3 x3) x3 (ite (< x3 x3) x3 x3)) x3))) :named p7))
(check-sat)
