; tellverify/smt-1
; obligation: cover.CoverExchange/guard-chain
; source: counterexamples/admission/acceptance/cover_traffic.tell
; sha256: c1774becaf5bc454dc3169e646269caceacf42114cb2ff1cc2d895ade4d68b40
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p13")
(set-logic QF_LIA)
; x0: spent
(declare-const x0 Int)
; x1: limit
(declare-const x1 Int)
; x2: leaked
(declare-const x2 Int)
; x3: leak-limit
(declare-const x3 Int)
; x4: cost
(declare-const x4 Int)
; x5: bits
(declare-const x5 Int)
; x6: runtime
(declare-const x6 Int)
; x7: crash
(declare-const x7 Int)
; x8: token
(declare-const x8 Bool)
; x9: caveats
(declare-const x9 Bool)
; x10: policy
(declare-const x10 Bool)
; x11: delivered
(declare-const x11 Bool)
; p0: world 0
(assert (! (not (< x0 0)) :named p0))
; p1: world 1
(assert (! (not (< x1 x0)) :named p1))
; p2: world 2
(assert (! (not (< x2 0)) :named p2))
; p3: world 3
(assert (! (not (< x3 x2)) :named p3))
; p4: world 4
(assert (! (< 0 x4) :named p4))
; p5: world 5
(assert (! (< 0 x5) :named p5))
; p6: world 6
(assert (! (< 0 x6) :named p6))
; p7: world 7
(assert (! (not (< x7 0)) :named p7))
; p8: world 8
(assert (! (not (< 5 x7)) :named p8))
; p9: world 9
(assert (! (or x8 (not x8)) :named p9))
; p10: world 10
(assert (! (or x9 (not x9)) :named p10))
; p11: world 11
(assert (! (or x10 (not x10)) :named p11))
; p12: world 12
(assert (! (or x11 (not x11)) :named p12))
; p13: breach
(assert (! (or (and (and (and (and (and (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))) (not (and (not (< 2 x7)) (not (< x7 2))))) (not (and (not (< 3 x7)) (not (< x7 3))))) (not (and (not (< 4 x7)) (not (< x7 4))))) x11) (not (and true (and x8 x9 x10)))) (and (and (and (and (and (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))) (not (and (not (< 2 x7)) (not (< x7 2))))) (not (and (not (< 3 x7)) (not (< x7 3))))) (not (and (not (< 4 x7)) (not (< x7 4))))) x11) (not (and x8 x9 x10))) (and (and (and (and (and (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))) (not (and (not (< 2 x7)) (not (< x7 2))))) (not (and (not (< 3 x7)) (not (< x7 3))))) (not (and (not (< 4 x7)) (not (< x7 4))))) x11) (not (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))))) false false false (and (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))) (< x1 (+ 0 x0 (+ 0 0 (ite (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))) x4 0))))) false false false (or (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (and (not (< 0 x7)) (not (< x7 0)))) (and false (not false))) (and (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (and (not (< 1 x7)) (not (< x7 1)))) (and false (not false))) (and (and (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))) (and (not (< 2 x7)) (not (< x7 2)))) (and false (not false))) (and (and (and (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))) (not (and (not (< 2 x7)) (not (< x7 2))))) (and (not (< 3 x7)) (not (< x7 3)))) (and false (not false))) (and (and (and (and (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))) (not (and (not (< 2 x7)) (not (< x7 2))))) (not (and (not (< 3 x7)) (not (< x7 3))))) (and (not (< 4 x7)) (not (< x7 4)))) (and false (not false))) (and (and (and (and (and (and (and (and (and (and (and (and true (and x8 x9 x10)) (not (< x1 (+ 0 x0 (+ 0 0) x4)))) true) true) true) (not (and (not (< 0 x7)) (not (< x7 0))))) (not (and (not (< 1 x7)) (not (< x7 1))))) (not (and (not (< 2 x7)) (not (< x7 2))))) (not (and (not (< 3 x7)) (not (< x7 3))))) (not (and (not (< 4 x7)) (not (< x7 4))))) (not x11)) (and false (not false))))) :named p13))
(check-sat)
